/* System call tables and their compilation. Default deny: a call that is in no row, or whose arguments fit no row,
 * fails with EPERM; one that is newer than the library fails with ENOSYS, as if the kernel did not have it. */
#ifndef PYEXEC_JAIL_SECCOMP_TABLE_H
#define PYEXEC_JAIL_SECCOMP_TABLE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* What a row does. Allowing rows may carry argument tests; all of a row's tests must hold. Several rows for one call
 * are alternatives. */
enum seccomp_verdict {
    SECCOMP_ALLOW_CALL,
    SECCOMP_ASK_CALL,  /* the keeper is asked each time by user notification */
    SECCOMP_DENY_CALL, /* with `deny_errno`, for calls whose callers fall back only after another answer than EPERM;
                          with EPERM the row only says why the call is not there, with 0 it succeeds and does nothing */
};

struct seccomp_argument {
    uint32_t index; /* 0 .. 5 */
    uint64_t mask;  /* argument & mask == value */
    uint64_t value;
};

#define SECCOMP_MAX_TESTS 3

struct seccomp_row {
    const char *call; /* the kernel's name; a call that this architecture does not have is skipped */
    enum seccomp_verdict verdict;
    int deny_errno;
    const char *reason;
    uint32_t n_tests;
    struct seccomp_argument tests[SECCOMP_MAX_TESTS];
};

/* How the tables write their rows. */
#define ALLOW(name, why)                                                                                               \
    { .call = (name), .verdict = SECCOMP_ALLOW_CALL, .reason = (why) }
#define ALLOW_IF(name, why, n, ...)                                                                                    \
    {                                                                                                                  \
        .call = (name), .verdict = SECCOMP_ALLOW_CALL, .reason = (why), .n_tests = (n), .tests = { __VA_ARGS__ }       \
    }
#define ASK(name, why)                                                                                                 \
    { .call = (name), .verdict = SECCOMP_ASK_CALL, .reason = (why) }
#define DENY(name, number, why)                                                                                        \
    { .call = (name), .verdict = SECCOMP_DENY_CALL, .deny_errno = (number), .reason = (why) }

/* The tables for sandboxes, for front, and for the keeper's collectors. */
const struct seccomp_row *seccomp_sandbox_table(size_t *ret_rows);
const struct seccomp_row *seccomp_front_table(size_t *ret_rows);
const struct seccomp_row *seccomp_collector_table(size_t *ret_rows);

/* What sandboxes have to do without, each of which asks more of the table: see seccomp_variants.c. */
struct seccomp_lacks {
    int namespaces;   /* 1: sandboxes see each other's process numbers, and their files may lie on a disk */
    int user_ids;     /* 1: all sandboxes have one user id; only together with `namespaces` */
    int memory_group; /* 1: what they hold is known from /proc alone */
};

/* The table for sandboxes that lack something, in an allocation that the caller frees with free(): the ordinary one,
 * with the rows of seccomp_variants.c instead of its own for the calls named there. NULL: out of memory. */
struct seccomp_row *seccomp_sandbox_variant(const struct seccomp_lacks *lacks, size_t *ret_rows);

/* The table by which a sandbox asks for each new process, where all have one user id: a filter of its own that lets
 * everything else through, installed before the other one so that its descriptor can still be handed on. */
const struct seccomp_row *seccomp_asking_table(size_t *ret_rows);

/* Different calls that a table lets reach the kernel, asked for or not, on the architecture this was built for. */
size_t seccomp_reachable_calls(const struct seccomp_row *rows, size_t n_rows);

/* Compiles a table for the native architecture; calls of any other architecture, x32 among them, kill the process.
 * *ret_program and what it points to are owned by the caller (free() both filter and nothing else). Returns 0 or
 * -errno. */
int seccomp_compile(const struct seccomp_row *rows, size_t n_rows, struct sock_fprog *ret_program);

/* Likewise for a table of rows that ask: what is in no row is allowed, on any architecture. */
int seccomp_compile_asking(const struct seccomp_row *rows, size_t n_rows, struct sock_fprog *ret_program);

#endif
