#include "launcher/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

static void say(const char *text) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* A path, or "@name" for the abstract space. */
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path) {
        return;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
    }
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        (void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address, size);
    }
}

void notify_ready(const char *address) {
    char text[256];
    (void)snprintf(text, sizeof text, "READY=1\nSTATUS=Serving on http://%s", address);
    say(text);
}

void notify_reloading(void) {
    char text[80];
    (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_now_us());
    say(text);
}

void notify_stopping(void) {
    say("STOPPING=1\nSTATUS=Draining");
}

void notify_alive(void) {
    const char *pid = getenv("WATCHDOG_PID");
    if (getenv("WATCHDOG_USEC") && (!pid || strtol(pid, NULL, 10) == (long)getpid())) {
        say("WATCHDOG=1");
    }
}
