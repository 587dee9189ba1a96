/* refuse COMMAND...: executes it where changes of modes, times and owners by path are refused, as in a sandbox that
 * shares its user with others. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
    static const int calls[] = {SCMP_SYS(chmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchownat)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int error = filter ? 0 : -ENOMEM;
    for (size_t i = 0; !error && i < sizeof calls / sizeof calls[0]; i++) {
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
    }
    if (!error) {
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(utimensat), 1, SCMP_A1(SCMP_CMP_NE, 0, 0));
    }
    if (!error) {
        error = seccomp_load(filter);
    }
    if (error || argc < 2) {
        (void)fprintf(stderr, "refuse: %d\n", error);
        return 125;
    }
    (void)execv(argv[1], argv + 1);
    perror(argv[1]);
    return 126;
}
