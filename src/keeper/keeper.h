/* The keeper: the privileged process that owns every other one. It makes sandboxes ready, keeps their clock and their
 * limits, ends them, and says how each of them ended. It parses nothing that came from the network or from a script. */
#ifndef PYEXEC_KEEPER_KEEPER_H
#define PYEXEC_KEEPER_KEEPER_H

#include <stdio.h>

#include "base/settings.h"

/* Exit statuses of the keeper, for the launcher. */
enum keeper_exit {
    KEEPER_EXIT_DRAINED = 0,  /* asked to end, and everything has ended */
    KEEPER_EXIT_FAILED = 1,   /* something broke: start another */
    KEEPER_EXIT_REFUSED = 78, /* this host cannot give what was asked for: do not try again */
};

/* What the keeper tells the launcher: a packet of one uint32_t. */
enum keeper_word {
    KEEPER_IS_READY = 1, /* it can run scripts of every kind; once */
    KEEPER_IS_ALIVE = 2, /* its loop turns; at least twice a second */
};

/* The program that the sandboxes are given to: front, or pyexec-selftest or pyexec-mcp in its place. All are taken for
 * hostile. */
struct keeper_client {
    const char *program;
    const char *argument; /* before the settings, or NULL */
    int listen_fd;        /* borrowed; -1: it reads no network */
    int keys_fd;          /* borrowed, of base/key_file.h; -1: there are no API keys */
    int takes_over;       /* 1: another keeper serves from listen_fd: front waits until sandboxes are ready */
    int heals;            /* 1: it is started in the place of one that was lost */
    int input_fd;         /* borrowed; its standard input; 0: it has none */
    int once;             /* 1: it keeps the standard output, and the keeper ends with it and its exit status */
};

/* Runs the keeper in the calling process, a fresh child of the launcher's, and returns its exit status. `program_dir`
 * is a borrowed descriptor (O_PATH) of the directory of our programs. SIGTERM drains, a second one ends at once;
 * SIGUSR2 retires (life.h).
 *
 * `launcher_fd` (-1: none) is a packet socket: words go to the launcher, and a packet that is one struct
 * settings comes from it when the operator has reloaded them. It is the only thing the keeper ever reads from there. */
int keeper_run(const struct settings *settings, const struct keeper_client *client, int program_dir, int launcher_fd);

/* `pyexecd check` (check.c): what this host offers, the tier that follows, each layer in force or missing with its
 * reason, and what one change would add, as text or as one JSON object. Starts nothing and leaves nothing. Returns 0
 * when the service would start here, 1 when it would refuse (the report says why), or -errno when it could not look. */
int keeper_check(const struct settings *settings, int as_json, FILE *out);

#endif
