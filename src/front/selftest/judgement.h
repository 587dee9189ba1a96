/* What was found of one technique. */
#ifndef PYEXEC_FRONT_SELFTEST_JUDGEMENT_H
#define PYEXEC_FRONT_SELFTEST_JUDGEMENT_H

enum finding {
    FINDING_STOPPED,
    FINDING_GOT_THROUGH,
    FINDING_VISIBLE, /* seen to be there and out of reach, as SECURITY.md says of a tier without namespaces */
    FINDING_NONE,    /* the probe broke, or something stopped it that is not meant to: nothing is shown */
};

#define JUDGEMENT_SAID_MAX 200

struct judgement {
    enum finding finding;
    char said[JUDGEMENT_SAID_MAX]; /* by what it was stopped, or what happened instead; printable UTF-8 */
};

/* Sets finding and text; the text is cut to size and what a terminal could take for a command is replaced. */
void judgement_set(struct judgement *judgement, enum finding finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "stopped", "got through", "visible", "no verdict"; static. */
const char *finding_name(enum finding finding);

#endif
