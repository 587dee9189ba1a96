#include "keeper/cleaning.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "keeper/collector.h"
#include "keeper/process.h"
#include "keeper/state.h"

#define MAX_ATTEMPTS 3
#define MAX_STALE 100000

static int start_cleaner(struct cleaning *cleaning, int directory_fd) {
    struct keeper *keeper = cleaning->keeper;
    const struct collector_options options = {
        .change_identity = !keeper->one_id && cleaning->uid != 0,
        .own_uid = keeper->first_id + KEEPER_ID_COLLECTOR(keeper),
        .uid = cleaning->uid,
        .directory_fd = directory_fd,
        .proc_fd = keeper->proc_fd,
    };
    return collector_start_cleaner(&options);
}

static int try_once(struct cleaning *cleaning);

static void on_cleaner_exit(void *owner) {
    struct cleaning *cleaning = owner;
    struct process_end end;
    if (process_reap(cleaning->exit.fd, &end) == 0) {
        return;
    }
    events_close(cleaning->keeper->epoll_fd, &cleaning->exit);
    if (try_once(cleaning) == 0) {
        cleaning->finished(cleaning->owner);
    }
}

static int watch_cleaner(struct cleaning *cleaning, int directory_fd) {
    int pidfd = start_cleaner(cleaning, directory_fd);
    if (pidfd < 0) {
        return pidfd;
    }
    cleaning->exit = (struct event_source){.fd = pidfd, .handle = on_cleaner_exit, .owner = cleaning};
    return events_watch(cleaning->keeper->epoll_fd, &cleaning->exit);
}

/* Returns 0 when there is nothing more to do, 1 when a cleaner is at work. */
static int try_once(struct cleaning *cleaning) {
    const struct private_dirs *dirs = &cleaning->keeper->dirs;
    int error = private_dirs_remove(dirs, cleaning->name);
    if (error == 0 || error == -ENOENT) {
        return 0;
    }
    if ((error == -ENOTEMPTY || error == -EEXIST) && cleaning->attempts++ < MAX_ATTEMPTS) {
        cleanup_close int fd = private_dirs_reopen(dirs, cleaning->name);
        error = fd < 0 ? fd : watch_cleaner(cleaning, fd);
        if (!error) {
            return 1;
        }
    }
    log_warning("a private directory cannot be removed: %s", strerror(-error));
    return 0;
}

int cleaning_start(struct cleaning *cleaning, struct keeper *keeper, const char *name, uid_t uid,
                   void (*finished)(void *owner), void *owner) {
    *cleaning = (struct cleaning){.keeper = keeper, .exit.fd = -1, .uid = uid, .finished = finished, .owner = owner};
    (void)snprintf(cleaning->name, sizeof cleaning->name, "%s", name);
    return try_once(cleaning);
}

static void on_stale_cleaner_exit(void *owner) {
    struct keeper *keeper = owner;
    struct process_end end;
    if (process_reap(keeper->stale.exit.fd, &end) == 0) {
        return;
    }
    events_close(keeper->epoll_fd, &keeper->stale.exit);
    if (!end.exited || end.exit_code != 0) {
        log_warning("what an earlier service left in a private directory cannot be removed");
        return;
    }
    cleaning_start_stale(keeper);
}

static void clean_stale(void *context, int directory_fd, uid_t owner) {
    struct keeper *keeper = context;
    cleanup_close int fd = directory_fd;
    keeper->stale.keeper = keeper;
    keeper->stale.uid = owner;
    int pidfd = start_cleaner(&keeper->stale, fd);
    if (pidfd >= 0) {
        keeper->stale.exit = (struct event_source){.fd = pidfd, .handle = on_stale_cleaner_exit, .owner = keeper};
        (void)events_watch(keeper->epoll_fd, &keeper->stale.exit);
    }
}

void cleaning_start_stale(struct keeper *keeper) {
    if (keeper->stale.attempts++ < MAX_STALE) {
        (void)private_dirs_clean_stale(&keeper->dirs, clean_stale, keeper);
    }
}
