#include "jail/seccomp_table.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jail/enter.h"
#include "jail/layers.h"

static void release_context(scmp_filter_ctx *context) {
    if (*context) {
        seccomp_release(*context);
    }
}

/* What a call in no row gets. */
#define DEFAULT_ERRNO EPERM

/* Numbers above the last one that the library has a name for are calls of newer kernels: programs probe for those and
 * expect to hear that this kernel does not have them. */
static uint32_t last_known_call(void) {
    uint32_t last = 0;
    for (int number = 0; number < 1024; number++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
        if (name) {
            last = (uint32_t)number;
            free(name);
        }
    }
    return last;
}

#define X32_BIT 0x40000000u

/* Goes before the library's program, which then judges everything that comes through. */
#define PROLOGUE_SIZE 6
static void write_prologue(struct sock_filter *filter, uint32_t native_arch) {
    const struct sock_filter prologue[PROLOGUE_SIZE] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native_arch, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last_known_call(), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    memcpy(filter, prologue, sizeof prologue);
}

static int add_row(scmp_filter_ctx context, const struct seccomp_row *row) {
    int number = seccomp_syscall_resolve_name(row->call);
    if (number < 0) {
        return 0; /* not on this architecture, or newer than the library: then the default denies it */
    }
    if (row->verdict == SECCOMP_DENY_CALL && row->deny_errno == DEFAULT_ERRNO) {
        return 0; /* the row is there for its reason */
    }
    uint32_t action = SCMP_ACT_ERRNO((uint32_t)row->deny_errno);
    if (row->verdict != SECCOMP_DENY_CALL) {
        action = row->verdict == SECCOMP_ALLOW_CALL ? SCMP_ACT_ALLOW : SCMP_ACT_NOTIFY;
    }
    struct scmp_arg_cmp tests[SECCOMP_MAX_TESTS];
    for (uint32_t i = 0; i < row->n_tests; i++) {
        tests[i] = (struct scmp_arg_cmp){.arg = row->tests[i].index,
                                         .op = SCMP_CMP_MASKED_EQ,
                                         .datum_a = row->tests[i].mask,
                                         .datum_b = row->tests[i].value};
    }
    return seccomp_rule_add_array(context, action, number, row->n_tests, tests);
}

static int compile(const struct seccomp_row *rows, size_t n_rows, uint32_t in_no_row, uint32_t foreign,
                   struct sock_fprog *ret_program) {
    __attribute__((cleanup(release_context))) scmp_filter_ctx context = seccomp_init(in_no_row);
    if (!context) {
        return -ENOMEM;
    }
    int error = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, foreign);
    if (!error) {
        error = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree, not a list */
    }
    for (size_t i = 0; i < n_rows && !error; i++) {
        error = add_row(context, &rows[i]);
    }
    if (error) {
        return error;
    }
    cleanup_close int fd = memfd_create("seccomp", MFD_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    error = seccomp_export_bpf(context, fd);
    if (error) {
        return error;
    }
    struct stat status;
    if (fstat(fd, &status) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        return -errno;
    }
    size_t size = (size_t)status.st_size;
    if (size == 0 || size % sizeof(struct sock_filter) != 0 ||
        size / sizeof(struct sock_filter) + PROLOGUE_SIZE > BPF_MAXINSNS) {
        return -E2BIG;
    }
    const size_t prologue_size = PROLOGUE_SIZE * sizeof(struct sock_filter);
    cleanup_free struct sock_filter *filter = malloc(prologue_size + size);
    if (!filter) {
        return -ENOMEM;
    }
    write_prologue(filter, seccomp_arch_native());
    ssize_t n = io_read_full(fd, filter + PROLOGUE_SIZE, size);
    if (n < 0 || (size_t)n != size) {
        return n < 0 ? (int)n : -EIO;
    }
    ret_program->len = (unsigned short)((prologue_size + size) / sizeof(struct sock_filter));
    ret_program->filter = filter;
    filter = NULL;
    return 0;
}

int seccomp_compile(const struct seccomp_row *rows, size_t n_rows, struct sock_fprog *ret_program) {
    return compile(rows, n_rows, SCMP_ACT_ERRNO(DEFAULT_ERRNO), SCMP_ACT_KILL_PROCESS, ret_program);
}

int seccomp_compile_asking(const struct seccomp_row *rows, size_t n_rows, struct sock_fprog *ret_program) {
    return compile(rows, n_rows, SCMP_ACT_ALLOW, SCMP_ACT_ALLOW, ret_program);
}

size_t seccomp_reachable_calls(const struct seccomp_row *rows, size_t n_rows) {
    size_t count = 0;
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].verdict == SECCOMP_DENY_CALL || seccomp_syscall_resolve_name(rows[i].call) < 0) {
            continue;
        }
        int first = 1;
        for (size_t j = 0; j < i && first; j++) {
            first = rows[j].verdict == SECCOMP_DENY_CALL || strcmp(rows[j].call, rows[i].call) != 0;
        }
        count += (size_t)first;
    }
    return count;
}

int jail_sandbox_filter(const struct seccomp_lacks *lacks, const struct sock_fprog **ret_filter) {
    static struct sock_fprog program;
    if (!program.filter) {
        size_t n_rows = 0;
        cleanup_free struct seccomp_row *rows = seccomp_sandbox_variant(lacks, &n_rows);
        int error = rows ? seccomp_compile(rows, n_rows, &program) : -ENOMEM;
        if (error) {
            return error;
        }
    }
    *ret_filter = &program;
    return 0;
}

int jail_asking_filter(const struct sock_fprog **ret_filter) {
    static struct sock_fprog program;
    if (!program.filter) {
        size_t n_rows = 0;
        const struct seccomp_row *rows = seccomp_asking_table(&n_rows);
        int error = seccomp_compile_asking(rows, n_rows, &program);
        if (error) {
            return error;
        }
    }
    *ret_filter = &program;
    return 0;
}

int jail_install_filter(const struct sock_fprog *program, int *ret_listener_fd) {
    unsigned flags = ret_listener_fd ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
    if (listener < 0) {
        return -errno;
    }
    if (ret_listener_fd) {
        *ret_listener_fd = (int)listener;
    }
    return 0;
}
