#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unit.h"

static char folder[] = "/tmp/pyexec-test-io-XXXXXX";
static int folder_fd = -1;

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder_fd < 0 ? -1 : 0;
}

static int remove_folder(void **state) {
    (void)state;
    (void)unlinkat(folder_fd, "file", 0);
    (void)unlinkat(folder_fd, "link", 0);
    close_fd(&folder_fd);
    return rmdir(folder);
}

static void put_file(const char *text) {
    cleanup_close int fd = openat(folder_fd, "file", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(io_write_full(fd, text, strlen(text)), 0);
}

static void test_read_full_takes_what_drips_in(void **state) {
    int pipe_fds[2];
    char buffer[16] = "";
    (void)state;
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        for (const char *c = "abcdef"; *c; c++) {
            (void)usleep(2000);
            if (write(pipe_fds[1], c, 1) != 1) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close_fd(&pipe_fds[1]);
    assert_int_equal(io_read_full(pipe_fds[0], buffer, 4), 4);
    assert_string_equal(buffer, "abcd");
    assert_int_equal(io_read_full(pipe_fds[0], buffer, sizeof buffer), 2);
    assert_int_equal(io_read_full(pipe_fds[0], buffer, sizeof buffer), 0);
    close_fd(&pipe_fds[0]);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_int_equal(io_read_full(-1, buffer, 1), -EBADF);
    assert_int_equal(io_write_full(-1, buffer, 1), -EBADF);
}

static void test_read_text_ends_with_nul(void **state) {
    char buffer[6];
    (void)state;
    put_file("12345678");
    assert_int_equal(io_read_text(folder_fd, "file", buffer, sizeof buffer), 5);
    assert_string_equal(buffer, "12345");
    put_file("");
    assert_int_equal(io_read_text(folder_fd, "file", buffer, sizeof buffer), 0);
    assert_string_equal(buffer, "");
    assert_int_equal(io_read_text(folder_fd, "absent", buffer, sizeof buffer), -ENOENT);
}

static void test_write_text_neither_creates_nor_follows(void **state) {
    char buffer[16];
    (void)state;
    put_file("");
    assert_int_equal(io_write_text(folder_fd, "file", "max"), 0);
    assert_int_equal(io_read_text(folder_fd, "file", buffer, sizeof buffer), 3);
    assert_string_equal(buffer, "max");
    assert_int_equal(io_write_text(folder_fd, "absent", "max"), -ENOENT);
    assert_int_equal(symlinkat("file", folder_fd, "link"), 0);
    assert_int_equal(io_write_text(folder_fd, "link", "max"), -ELOOP);
    assert_int_equal(io_read_text(folder_fd, "link", buffer, sizeof buffer), -ELOOP);
}

static void test_descriptor_flags(void **state) {
    int pipe_fds[2];
    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(io_set_cloexec(pipe_fds[0], 1), 0);
    assert_int_equal(fcntl(pipe_fds[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(io_set_cloexec(pipe_fds[0], 0), 0);
    assert_int_equal(fcntl(pipe_fds[0], F_GETFD), 0);
    assert_int_equal(io_set_nonblocking(pipe_fds[0], 1), 0);
    assert_true(fcntl(pipe_fds[0], F_GETFL) & O_NONBLOCK);
    assert_int_equal(io_set_nonblocking(pipe_fds[0], 0), 0);
    assert_false(fcntl(pipe_fds[0], F_GETFL) & O_NONBLOCK);
    close_fd(&pipe_fds[0]);
    close_fd(&pipe_fds[1]);
    assert_int_equal(pipe_fds[1], -1);
    assert_int_equal(io_set_nonblocking(-1, 1), -EBADF);
    assert_int_equal(io_set_cloexec(-1, 1), -EBADF);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_full_takes_what_drips_in),
        cmocka_unit_test(test_read_text_ends_with_nul),
        cmocka_unit_test(test_write_text_neither_creates_nor_follows),
        cmocka_unit_test(test_descriptor_flags),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
