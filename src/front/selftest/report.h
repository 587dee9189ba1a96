/* What the self-test has found, as lines of text or as one JSON object. */
#ifndef PYEXEC_FRONT_SELFTEST_REPORT_H
#define PYEXEC_FRONT_SELFTEST_REPORT_H

#include <sys/utsname.h>
#include <unistd.h>

#include "front/selftest/catalogue.h"
#include "front/selftest/judge.h"
#include "wire/front_link.h"

struct host_facts {
    struct utsname system;
    uid_t user;
    long cores;
};

/* One line of the report. */
struct finding_row {
    const char *name, *family; /* borrowed */
    struct judgement judgement;
};

struct report {
    const struct host_facts *host;
    const struct front_status *status; /* NULL: none has come */
    const json_t *left_out;
    const struct finding_row *rows;
    size_t n_rows;
    double seconds;
};

/* The text's parts, to standard output: a row, and what stands behind all rows. `name_width` aligns them. */
void report_print_row(const struct finding_row *row, int name_width);
void report_print_end(const struct report *report);

/* Everything. Returns 0 or -ENOMEM. */
int report_print_json(const struct report *report);

/* Rows with this finding, of this family or of all (NULL). */
size_t report_count(const struct report *report, enum finding finding, const char *family);

#endif
