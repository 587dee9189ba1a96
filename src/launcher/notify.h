/* What the service manager is told, by the protocol of sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names.
 * Without one nothing happens. Never waits; a manager that does not read misses what it misses. */
#ifndef PYEXEC_LAUNCHER_NOTIFY_H
#define PYEXEC_LAUNCHER_NOTIFY_H

/* The service can run scripts; `address` is where it listens. Ends what notify_reloading() began, too. */
void notify_ready(const char *address);

/* Settings are read anew, or another version takes over. */
void notify_reloading(void);

/* The service ends. */
void notify_stopping(void);

/* The service lives. Sent only when the manager wants it (WATCHDOG_USEC), to this very process (WATCHDOG_PID). */
void notify_alive(void);

#endif
