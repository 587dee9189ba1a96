/* What the commands have in common in showing things. */
#ifndef PYEXEC_CLIENT_SHOW_H
#define PYEXEC_CLIENT_SHOW_H

#include "client/session.h"
#include "front/json_text.h"

/* Writes the prefix and what the string says (anything but a string as its JSON) as lines on standard error. */
void show_line(struct screen *screen, const char *prefix, const struct json_span *value);

/* What screen_write() returned, as a failure: 0, or -1. A reader that has gone is SIGPIPE, as it is for everybody. */
int show_failed(struct session *session, int error, struct failure *failure);

/* Ends the session and says why it failed, where it did (status < 0). Returns the exit status; does not return where a
 * signal has ended it. */
int show_end(struct session *session, int status, const struct failure *failure);

#endif
