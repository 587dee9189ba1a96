/* Answers as JSON texts. Pure.
 *
 * jansson builds them. Two things are pasted: a result's JSON text, already checked, since jansson would lose the
 * digits of a large integer; and the base64 of artifacts. */
#ifndef PYEXEC_FRONT_ANSWER_H
#define PYEXEC_FRONT_ANSWER_H

#include <stdint.h>

#include "base/settings.h"
#include "front/artifacts.h"
#include "front/capture.h"
#include "front/problem.h"
#include "front/record.h"
#include "front/request_log.h"
#include "front/run_input.h"
#include "wire/front_link.h"

struct answer {
    unsigned status;            /* of HTTP */
    const char *type;           /* of the text; static; NULL when there is none */
    const char *error;          /* the contract's word, static; NULL for success */
    struct byte_buffer text;    /* owned */
    const unsigned char *fixed; /* static bytes in place of `text`; NULL: none */
    size_t fixed_len;
    int has_run; /* 1: `run` tells how a run went */
    struct run_measures run;
};

static inline void answer_free(struct answer *answer) {
    byte_buffer_free(&answer->text);
}

/* All that is known of a run that has ended. Everything is borrowed. */
struct run_facts {
    const char *id; /* the request's */
    const struct settings *settings;
    enum run_mode mode;
    int banner;
    const struct front_verdict *verdict;
    const struct run_record *record;
    const struct capture *out, *err;   /* stdout and stderr */
    const struct artifacts *artifacts; /* NULL: none */
    const struct artifact_source *artifact_source;
    struct byte_buffer *stdout_end; /* NULL, or where to append what was put behind the run's own stdout */
    uint64_t queue_us;              /* from the request's last byte to KEEPER_START */
};

/* What /health tells besides the keeper's status. */
struct health_facts {
    const struct front_status *status; /* the last one, or NULL before the first */
    unsigned ready, busy, queued;      /* sandboxes that wait, runs, requests that wait */
    unsigned most_busy, most_queued;   /* as many may run, and wait */
    int draining;
    int brief; /* 1: only the status, for who has no key */
};

/* Each returns 0 with *ret_answer filled (answer_free() it), or -ENOMEM. */
int answer_run(const struct run_facts *facts, struct answer *ret_answer);
int answer_problem(const struct problem *problem, const char *id, struct answer *ret_answer);
int answer_health(const struct health_facts *facts, struct answer *ret_answer);
int answer_openapi(struct answer *ret_answer);
int answer_live(struct answer *ret_answer);
int answer_ready(const struct health_facts *facts, struct answer *ret_answer);

#endif
