#include "jail/root_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define ACCOUNTS_MAX (64 * 1024)
/* Longer than a line of either file. */
#define ACCOUNT_LINE_MAX 128

int root_make_file(int root, const char *path, const char *content) {
    cleanup_close int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return -errno;
    }
    return io_write_full(fd, content, strlen(content));
}

int root_make_directories(int root, const char **ret_path) {
    static const char *const directories[] = {
        "dev", "etc", "tmp", "var", "var/cache", "var/cache/pyexecd", "var/cache/pyexecd/matplotlib"};
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
        if (mkdirat(root, directories[i], 0755) < 0) {
            *ret_path = directories[i];
            return -errno;
        }
    }
    return 0;
}

/* One account for each id, as many as there is room for. */
static void append_accounts(char *text, size_t used, const char *format, uint32_t first_id, uint32_t n_accounts) {
    for (uint32_t i = 0; i < n_accounts && used + ACCOUNT_LINE_MAX < ACCOUNTS_MAX; i++) {
        char id[16], number[16] = "";
        (void)snprintf(id, sizeof id, "%u", first_id + i);
        if (i > 0) { /* the first is "sandbox", the only one where there is one id */
            (void)snprintf(number, sizeof number, "%u", i);
        }
        for (const char *c = format; *c; c++) {
            const char *part = *c == '#' ? number : *c == '@' ? id : NULL;
            if (part) {
                const size_t length = strlen(part);
                memcpy(text + used, part, length);
                used += length;
            } else {
                text[used++] = *c;
            }
        }
    }
    text[used] = '\0';
}

int root_make_etc_files(int root, uint32_t first_id, uint32_t n_accounts, const char **ret_path) {
    static const char users[] = "root:x:0:0:root:/tmp:/usr/sbin/nologin\n"
                                "nobody:x:65534:65534:nobody:/tmp:/usr/sbin/nologin\n";
    static const char groups[] = "root:x:0:\nnogroup:x:65534:\n";
    char text[ACCOUNTS_MAX];

    *ret_path = "/etc/passwd";
    memcpy(text, users, sizeof users);
    append_accounts(text, sizeof users - 1, "sandbox#:x:@:@::/tmp:/bin/sh\n", first_id, n_accounts);
    int error = root_make_file(root, "etc/passwd", text);
    if (error) {
        return error;
    }
    *ret_path = "/etc/group";
    memcpy(text, groups, sizeof groups);
    append_accounts(text, sizeof groups - 1, "sandbox#:x:@:\n", first_id, n_accounts);
    error = root_make_file(root, "etc/group", text);
    if (error) {
        return error;
    }
    *ret_path = "/etc/hosts";
    error = root_make_file(root, "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
    if (error) {
        return error;
    }
    *ret_path = "/etc/nsswitch.conf";
    return root_make_file(root, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
}

int root_make_links(int root, const char **ret_path) {
    static const char *const links[] = {"dev/shm", "var/tmp"};
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        if (symlinkat("/tmp", root, links[i]) < 0) {
            *ret_path = links[i];
            return -errno;
        }
    }
    return 0;
}
