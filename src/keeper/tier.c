#include "keeper/tier.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jail/layers.h"

/* Ids are claimed in bundles of this many, and at most so many blocks are tried. */
#define ID_BUNDLE 4096u
#define ID_BLOCKS 64

/* Where the ids lie at the end of a range that is not what was asked for: so far from its end. */
#define SPARE_BUNDLES 8

/* Below live the system's own users. */
#define FIRST_ORDINARY_ID 1000

#define BIT(capability) (1ULL << (capability))

/* What root needs to give each slot a user of its own: to become it, to give it its directory, to end what it runs. */
#define NEEDED_CAPABILITIES (BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_CHOWN) | BIT(CAP_KILL))

/* Below this ABI a process may signal every other one of its user. */
#define ABI_WITH_SIGNAL_SCOPE 6

static void refuse(struct tier_choice *choice, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void refuse(struct tier_choice *choice, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(choice->problem, sizeof choice->problem, format, arguments);
    va_end(arguments);
    choice->tier = ISOLATION_AUTO;
}

static int namespaces_work(struct tier_choice *choice) {
    choice->use_user_namespace = 1;
    jail_probe_namespaces(1, &choice->namespaces);
    if (choice->namespaces.error && !choice->one_id) {
        /* Root can do without a user namespace where the host gives none. */
        struct jail_probe without;
        jail_probe_namespaces(0, &without);
        if (without.error == 0) {
            choice->use_user_namespace = 0;
            choice->namespaces = without;
        }
    }
    return choice->namespaces.error == 0;
}

static void look_for_prepared_root(const struct settings *settings, struct tier_choice *choice) {
    struct stat status;
    choice->prepared_root = 0;
    if (choice->one_id) {
        (void)snprintf(choice->tree_note, sizeof choice->tree_note,
                       "only root can change it; the image's own, by Landlock");
    } else if (!*settings->sandbox_root || stat(settings->sandbox_root, &status) < 0) {
        (void)snprintf(choice->tree_note, sizeof choice->tree_note, "no prepared tree: see --sandbox-root");
    } else if (!jail_has_capabilities(BIT(CAP_SYS_CHROOT))) {
        (void)snprintf(choice->tree_note, sizeof choice->tree_note, "needs CAP_SYS_CHROOT");
    } else {
        choice->prepared_root = 1;
        choice->tree_note[0] = '\0';
    }
}

/* The two tiers without namespaces have to keep sandboxes apart by users, or by Landlock alone. */
static void check_identity(struct tier_choice *choice) {
    if (!choice->one_id && !jail_has_capabilities(NEEDED_CAPABILITIES)) {
        refuse(choice,
               "started as root without the capabilities SETUID, SETGID, CHOWN and KILL: sandboxes would be root "
               "as well and own the system's files. Start as an ordinary user (docker run --user 1000:1000), or "
               "add these capabilities");
    } else if (choice->one_id && choice->tier == ISOLATION_SECCOMP) {
        refuse(choice, "the seccomp tier needs a user of its own for each sandbox: start as root");
    } else if (choice->one_id && choice->landlock_abi < ABI_WITH_SIGNAL_SCOPE) {
        refuse(choice,
               "an ordinary user without namespaces needs Landlock ABI %d (Linux 6.12), this kernel has %d: start as "
               "root, or permit user namespaces",
               ABI_WITH_SIGNAL_SCOPE, choice->landlock_abi);
    } else if (choice->tier == ISOLATION_SECCOMP && !choice->prepared_root) {
        refuse(choice, "the seccomp tier needs a prepared tree as root, without /proc: %s", choice->tree_note);
    }
}

void tier_choose(const struct settings *settings, struct tier_choice *ret_choice) {
    const enum isolation asked = (enum isolation)settings->isolation;
    enum isolation floor = (enum isolation)settings->min_isolation;
    struct tier_choice choice = {.one_id = geteuid() != 0};
    choice.landlock_abi = jail_landlock_abi();
    choice.gvisor = jail_probe_gvisor();
    if ((asked == ISOLATION_SECCOMP && floor == ISOLATION_LANDLOCK) || (choice.gvisor && floor == ISOLATION_LANDLOCK)) {
        floor = asked != ISOLATION_AUTO ? asked : ISOLATION_SECCOMP; /* gVisor has no Landlock and is a wall itself */
    }
    if ((asked == ISOLATION_AUTO || asked == ISOLATION_NAMESPACES) && namespaces_work(&choice)) {
        choice.tier = ISOLATION_NAMESPACES;
        *ret_choice = choice;
        return;
    }
    if (asked != ISOLATION_AUTO && floor == ISOLATION_NAMESPACES) {
        refuse(&choice, "--isolation=%s is below --min-isolation=namespaces: set both so that they agree",
               isolation_name(asked));
        *ret_choice = choice;
        return;
    }
    look_for_prepared_root(settings, &choice);
    choice.use_user_namespace = 0;
    if ((asked == ISOLATION_AUTO || asked == ISOLATION_LANDLOCK) && choice.landlock_abi > 0) {
        choice.tier = ISOLATION_LANDLOCK;
    } else if (asked == ISOLATION_AUTO || asked == ISOLATION_SECCOMP) {
        choice.tier = ISOLATION_SECCOMP;
    }
    if (choice.tier == ISOLATION_AUTO) {
        refuse(&choice, "--isolation=%s is asked for, and this host does not give it: %s: %s", isolation_name(asked),
               asked == ISOLATION_NAMESPACES ? choice.namespaces.step : "Landlock",
               asked == ISOLATION_NAMESPACES ? strerror(-choice.namespaces.error) : "this kernel has none");
    } else if (choice.tier < floor) {
        refuse(&choice,
               "the strongest isolation of this host is the tier %s, below --min-isolation=%s (namespaces: %s: %s; "
               "Landlock: %s). Permit one of them, or accept less with --min-isolation=%s",
               isolation_name(choice.tier), isolation_name(floor), choice.namespaces.step,
               choice.namespaces.error ? strerror(-choice.namespaces.error) : "not tried",
               choice.landlock_abi > 0 ? "present" : "refused or not in this kernel", isolation_name(choice.tier));
    } else {
        check_identity(&choice);
    }
    *ret_choice = choice;
}

/* Finds where the ids may lie: from *ret_first to below *ret_end. */
static int find_range(uint32_t asked, uint32_t count, uint64_t *ret_first, uint64_t *ret_end) {
    char text[4096];
    uint64_t best_first = 0, best_count = 0;
    if (io_read_text(AT_FDCWD, "/proc/self/uid_map", text, sizeof text) <= 0) {
        *ret_first = asked;
        *ret_end = UINT32_MAX;
        return 0;
    }
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        uint32_t inside, outside, length;
        if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &outside, &length) != 3) {
            continue;
        }
        const uint64_t end = (uint64_t)inside + length;
        if (asked >= inside && (uint64_t)asked + count <= end) {
            *ret_first = asked;
            *ret_end = end;
            return 0;
        }
        if (length > best_count) {
            best_first = inside;
            best_count = length;
        }
    }
    const uint64_t room = (uint64_t)ID_BUNDLE * SPARE_BUNDLES;
    const uint64_t end = best_first + best_count;
    const uint64_t first = end > best_first + room ? end - room : best_first;
    if (first < FIRST_ORDINARY_ID || first + count > end) {
        return -ENOSPC;
    }
    *ret_first = first;
    *ret_end = end;
    return 0;
}

/* Claims a bundle of ids by a name in the abstract space of Unix sockets, which is free again when we die, whatever of.
 * Returns the descriptor. */
static int claim_bundle(uint64_t bundle) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int n = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "pyexecd/uids/%" PRIu64, bundle);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&name, length) < 0) {
        return -errno;
    }
    return take_fd(&fd);
}

/* A block lies in one bundle, or in two neighbours. */
static int claim_block(uint64_t first, uint32_t count, int ret_fds[TIER_CLAIMS]) {
    const uint64_t low = first / ID_BUNDLE, high = (first + count - 1) / ID_BUNDLE;
    cleanup_close int fd = claim_bundle(low);
    cleanup_close int other_fd = fd >= 0 && high != low ? claim_bundle(high) : -1;
    if (fd < 0 || (high != low && other_fd < 0)) {
        return fd < 0 ? fd : other_fd;
    }
    ret_fds[0] = take_fd(&fd);
    ret_fds[1] = take_fd(&other_fd);
    return 0;
}

int tier_claim_ids(uint32_t asked, uint32_t count, uint32_t *ret_first, int ret_claim_fds[TIER_CLAIMS]) {
    uint64_t first, end;
    int error = count > ID_BUNDLE ? -ENOSPC : find_range(asked, count, &first, &end);
    for (int i = 0; !error && i < ID_BLOCKS && first + count <= end; i++, first += ID_BUNDLE) {
        error = claim_block(first, count, ret_claim_fds);
        if (!error) {
            *ret_first = (uint32_t)first;
            return 0;
        }
        error = error == -EADDRINUSE ? 0 : error;
    }
    return error ? error : -ENOSPC;
}
