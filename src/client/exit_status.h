/* What pyexec's exit status says. A script's own status, 0 to 255, is passed on as it is; ours begin at 64 and have a
 * line that begins with "pyexec: " on standard error. */
#ifndef PYEXEC_CLIENT_EXIT_STATUS_H
#define PYEXEC_CLIENT_EXIT_STATUS_H

enum exit_status {
    EXIT_STATUS_USAGE = 64,       /* an option that cannot be */
    EXIT_STATUS_REFUSED = 65,     /* the service says that the request is wrong: invalid_input */
    EXIT_STATUS_NO_INPUT = 66,    /* a file that was to be sent cannot be read */
    EXIT_STATUS_UNREACHABLE = 69, /* no connection, or one that was lost */
    EXIT_STATUS_FAILED = 70,      /* the service failed, or we ran out of memory */
    EXIT_STATUS_NOT_SAVED = 73,   /* an artifact could not be saved */
    EXIT_STATUS_OUTPUT = 74,      /* standard output takes no more */
    EXIT_STATUS_BUSY = 75,        /* still overloaded or rate-limited after the last retry */
    EXIT_STATUS_GARBAGE = 76,     /* what answers does not speak as docs/api.md says */
    EXIT_STATUS_FORBIDDEN = 77,   /* no key, a wrong one, or one that may not */
    EXIT_STATUS_NO_SERVICE = 78,  /* --local: the service does not start here */
};

/* Why something failed: the status to end with (0: nothing failed) and a line for people. */
struct failure {
    int status;
    char text[1024]; /* without the "pyexec: " */
};

/* Fills *failure, cutting the text to its place; always returns -1. */
int fail(struct failure *failure, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
