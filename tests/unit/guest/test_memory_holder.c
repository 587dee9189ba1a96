#include "guest/memory_holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jail/clone.h"
#include "unit.h"
#include "wire/packet.h"

/* Longer than the holder's patience, on a busy machine too. */
#define LONG_MS 5000

enum next { NEXT_EXIT, NEXT_EXECUTE, NEXT_STAY };

static char written[] = "before";

static _Noreturn void be_a_sandbox(int socket_fd, enum next next) {
    cleanup_close int holder_fd = -1;
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) < 0) {
        _exit(5);
    }
    int error = memory_holder_start(&holder_fd);
    /* Nobody else has the pipe, from the start. */
    struct pollfd reader = {.fd = pipe_ends[0], .events = POLLIN};
    (void)close(pipe_ends[1]);
    if (!error && (poll(&reader, 1, 0) != 1 || !(reader.revents & POLLHUP))) {
        error = -EBUSY;
    }
    (void)close(pipe_ends[0]);
    /* A child that wait() passes over: to the script it has no children. */
    if (!error && (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)) {
        error = -EEXIST;
    }
    written[0] = 'B'; /* this process' own memory still */
    if (packet_send(socket_fd, &error, sizeof error, &holder_fd, holder_fd >= 0 ? 1 : 0)) {
        _exit(3);
    }
    if (next == NEXT_EXECUTE) {
        (void)execl("/bin/sleep", "sleep", "20", (char *)NULL);
        _exit(4);
    }
    while (next == NEXT_STAY) {
        (void)pause();
    }
    _exit(7);
}

struct sandbox {
    pid_t pid;
    int pidfd, holder_fd;
    int socket_fd; /* its other end is the sandbox's, and would be the holder's */
};

static struct sandbox start_sandbox(enum next next) {
    struct sandbox sandbox = {.pidfd = -1, .holder_fd = -1};
    int sockets[2], error = -1;
    size_t n_fds = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    sandbox.pid = jail_clone(0, &sandbox.pidfd);
    if (sandbox.pid == 0) {
        (void)close(sockets[0]);
        be_a_sandbox(sockets[1], next);
    }
    assert_true(sandbox.pid > 0);
    (void)close(sockets[1]);
    assert_int_equal(packet_receive(sockets[0], &error, sizeof error, &sandbox.holder_fd, 1, &n_fds), sizeof error);
    assert_int_equal(error, 0);
    assert_int_equal(n_fds, 1);
    sandbox.socket_fd = sockets[0];
    return sandbox;
}

static int is_over(int pidfd, int patience_ms) {
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    return poll(&ended, 1, patience_ms);
}

static void end_sandbox(struct sandbox *sandbox, int expected_signal, int expected_code) {
    int status;
    assert_int_equal(waitpid(sandbox->pid, &status, __WALL), sandbox->pid);
    assert_int_equal(WIFSIGNALED(status) ? WTERMSIG(status) : 0, expected_signal);
    assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : 0, expected_code);
    close_fd(&sandbox->pidfd);
    close_fd(&sandbox->holder_fd);
    close_fd(&sandbox->socket_fd);
}

static void it_stays_while_the_sandbox_does(void **state) {
    (void)state;
    struct sandbox sandbox = start_sandbox(NEXT_STAY);
    assert_int_equal(is_over(sandbox.holder_fd, 200), 0);
    assert_string_equal(written, "before");
    assert_int_equal(kill(sandbox.pid, SIGKILL), 0);
    end_sandbox(&sandbox, SIGKILL, 0);
}

static void it_goes_soon_after_the_sandbox(void **state) {
    (void)state;
    struct sandbox sandbox = start_sandbox(NEXT_EXIT);
    assert_int_equal(is_over(sandbox.holder_fd, LONG_MS), 1);
    end_sandbox(&sandbox, 0, 7);
}

static void it_goes_when_another_program_is_executed(void **state) {
    (void)state;
    struct sandbox sandbox = start_sandbox(NEXT_EXECUTE);
    assert_int_equal(is_over(sandbox.holder_fd, LONG_MS), 1);
    assert_int_equal(is_over(sandbox.pidfd, 0), 0);
    assert_int_equal(kill(sandbox.pid, SIGKILL), 0);
    end_sandbox(&sandbox, SIGKILL, 0);
}

static void it_holds_no_descriptor(void **state) {
    (void)state;
    char byte;
    struct sandbox sandbox = start_sandbox(NEXT_STAY);
    assert_int_equal(kill(sandbox.pid, SIGSTOP), 0);
    assert_int_equal(kill(sandbox.pid, SIGKILL), 0);
    /* The end of the stream is there as soon as the sandbox is gone, while the holder has still its patience. */
    assert_int_equal(recv(sandbox.socket_fd, &byte, 1, 0), 0);
    end_sandbox(&sandbox, SIGKILL, 0);
}

static int prepare(void **state) {
    (void)state;
    memory_holder_prepare();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stays_while_the_sandbox_does),
        cmocka_unit_test(it_goes_soon_after_the_sandbox),
        cmocka_unit_test(it_goes_when_another_program_is_executed),
        cmocka_unit_test(it_holds_no_descriptor),
    };
    return cmocka_run_group_tests_name("memory holder", tests, prepare, NULL);
}
