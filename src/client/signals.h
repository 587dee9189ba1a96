/* The signals that ask pyexec to end, as something that can be polled for. */
#ifndef PYEXEC_CLIENT_SIGNALS_H
#define PYEXEC_CLIENT_SIGNALS_H

struct signals {
    int fd;   /* readable when one has come */
    int seen; /* the first that came, or 0 */
    int n_seen;
};

/* Blocks SIGINT, SIGTERM and SIGHUP (unless it is ignored, as by nohup), which then only show here; ignores SIGPIPE.
 * Returns 0 or -errno. */
int signals_start(struct signals *signals);

/* Takes what has come. Returns the first signal that ever came, or 0. */
int signals_check(struct signals *signals);

/* Waits at most so long for one. Returns as signals_check(). */
int signals_wait(struct signals *signals, int milliseconds);

/* For a child before it executes another program: everything as it was. */
void signals_restore(void);

/* Ends this process as the signal would have, so that a shell sees why. */
_Noreturn void signals_die_of(int signal_number);

#endif
