#include "wire/packet.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "unit.h"

/* More than packet_send() would send: what a hostile peer can put into one packet (the kernel's own limit is 253). */
#define HOSTILE_FDS 200

static int near_end, far_end; /* the two ends of a packet socket */

static int open_pair(void **state) {
    int fds[2];
    (void)state;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
        return -1;
    }
    near_end = fds[0];
    far_end = fds[1];
    return 0;
}

static int close_pair(void **state) {
    (void)state;
    close_fd(&near_end);
    close_fd(&far_end);
    return 0;
}

static size_t open_descriptors(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder)) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

static int same_file(int a, int b) {
    struct stat of_a, of_b;
    return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

/* Sends as a peer would that keeps to no rule of ours. */
static void send_hostile(int socket_fd, size_t size, int fd, size_t n_fds) {
    static char bytes[4096];
    struct iovec vector = {.iov_base = bytes, .iov_len = size};
    static union {
        char bytes[CMSG_SPACE(sizeof(int) * HOSTILE_FDS)];
        struct cmsghdr align;
    } control;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    if (n_fds > 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
        for (size_t i = 0; i < n_fds; i++) {
            memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &fd, sizeof fd);
        }
    }
    assert_int_equal(sendmsg(socket_fd, &header, MSG_NOSIGNAL), size);
}

static void test_round_trip_without_descriptors(void **state) {
    char received[16] = "";
    size_t n_fds = 99;
    (void)state;
    assert_int_equal(packet_send(near_end, "hello", 6, NULL, 0), 0);
    assert_int_equal(packet_receive(far_end, received, sizeof received, NULL, 0, &n_fds), 6);
    assert_string_equal(received, "hello");
    assert_int_equal(n_fds, 0);
}

static void test_round_trip_with_most_descriptors(void **state) {
    int sent[PACKET_MAX_FDS], received[PACKET_MAX_FDS];
    char byte;
    size_t n_fds = 0, before = open_descriptors();
    cleanup_close int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    cleanup_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)state;
    for (size_t i = 0; i < PACKET_MAX_FDS; i++) {
        sent[i] = i % 2 ? zero : null;
    }
    assert_int_equal(packet_send(near_end, "x", 1, sent, PACKET_MAX_FDS), 0);
    assert_int_equal(packet_receive(far_end, &byte, 1, received, PACKET_MAX_FDS, &n_fds), 1);
    assert_int_equal(n_fds, PACKET_MAX_FDS);
    for (size_t i = 0; i < PACKET_MAX_FDS; i++) {
        assert_true(same_file(received[i], sent[i]));
        assert_int_equal(fcntl(received[i], F_GETFD), FD_CLOEXEC);
    }
    packet_close_fds(received, n_fds);
    assert_int_equal(received[0], -1);
    assert_int_equal(received[PACKET_MAX_FDS - 1], -1);
    assert_int_equal(open_descriptors(), before + 2);
}

static void test_packets_stay_apart(void **state) {
    char received[16];
    size_t n_fds;
    (void)state;
    assert_int_equal(packet_send(near_end, "one", 3, NULL, 0), 0);
    assert_int_equal(packet_send(near_end, "three", 5, NULL, 0), 0);
    assert_int_equal(packet_receive(far_end, received, sizeof received, NULL, 0, &n_fds), 3);
    assert_int_equal(packet_receive(far_end, received, sizeof received, NULL, 0, &n_fds), 5);
}

static void test_too_many_to_send(void **state) {
    int fds[PACKET_MAX_FDS + 1] = {0};
    (void)state;
    assert_int_equal(packet_send(near_end, "x", 1, fds, PACKET_MAX_FDS + 1), -EINVAL);
}

static void test_no_descriptor_left(void **state) {
    (void)state;
    struct rlimit before, none;
    int received[2] = {-1, -1}, fds[2] = {STDERR_FILENO, STDERR_FILENO};
    char bytes[4] = "";
    size_t n_fds = 77;
    const size_t open_before = open_descriptors();
    assert_int_equal(packet_send(near_end, "some", 4, fds, 2), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const ssize_t n = packet_receive(far_end, bytes, sizeof bytes, received, 2, &n_fds);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(n, -EMFILE);
    assert_memory_equal(bytes, "some", 4);
    assert_int_equal(open_descriptors(), open_before);
}

static void test_more_descriptors_than_expected_are_closed(void **state) {
    static const size_t counts[] = {1, 5, PACKET_MAX_FDS, PACKET_MAX_FDS + 1, HOSTILE_FDS};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        int received[4] = {-1, -1, -1, -1};
        char bytes[64];
        size_t n_fds = 77, expected = counts[i] == 1 ? 0 : COUNT_OF(received), before = open_descriptors();
        send_hostile(near_end, sizeof bytes, STDERR_FILENO, counts[i]);
        assert_int_equal(packet_receive(far_end, bytes, sizeof bytes, received, expected, &n_fds), -EPROTO);
        assert_int_equal(open_descriptors(), before);
        assert_int_equal(received[0], -1);
        assert_int_equal(n_fds, 77);
    }
}

static void test_longer_packet_than_expected(void **state) {
    char bytes[64];
    int received[PACKET_MAX_FDS];
    size_t n_fds, before = open_descriptors();
    (void)state;
    send_hostile(near_end, sizeof bytes + 1, STDERR_FILENO, 3);
    assert_int_equal(packet_receive(far_end, bytes, sizeof bytes, received, PACKET_MAX_FDS, &n_fds), -EMSGSIZE);
    assert_int_equal(open_descriptors(), before);
    /* The rest of it is gone, not the next message. */
    assert_int_equal(packet_send(near_end, "next", 4, NULL, 0), 0);
    assert_int_equal(packet_receive(far_end, bytes, sizeof bytes, received, PACKET_MAX_FDS, &n_fds), 4);
}

static void test_peer_gone_and_socket_full(void **state) {
    char bytes[1024] = "";
    size_t n_fds;
    int result = 0;
    (void)state;
    assert_int_equal(io_set_nonblocking(near_end, 1), 0);
    assert_int_equal(packet_receive(near_end, bytes, sizeof bytes, NULL, 0, &n_fds), -EAGAIN);
    for (int i = 0; i < 100000 && result == 0; i++) {
        result = packet_send(near_end, bytes, sizeof bytes, NULL, 0);
    }
    assert_int_equal(result, -EAGAIN);
    close_fd(&far_end);
    assert_int_equal(packet_send(near_end, bytes, 1, NULL, 0), -EPIPE);
    assert_int_equal(packet_receive(near_end, bytes, sizeof bytes, NULL, 0, &n_fds), 0);
    assert_int_equal(packet_send(-1, bytes, 1, NULL, 0), -EBADF);
    assert_int_equal(packet_receive(-1, bytes, 1, NULL, 0, &n_fds), -EBADF);
}

/* A guest that was killed: what it had said before still counts, whatever it had not read. */
static void test_last_words_of_a_peer_with_unread_messages(void **state) {
    char bytes[16];
    size_t n_fds;
    (void)state;
    assert_int_equal(packet_send(near_end, "unread", 6, NULL, 0), 0);
    assert_int_equal(packet_send(far_end, "last words", 10, NULL, 0), 0);
    close_fd(&far_end);
    assert_int_equal(packet_receive(near_end, bytes, sizeof bytes, NULL, 0, &n_fds), 10);
    assert_memory_equal(bytes, "last words", 10);
    assert_int_equal(packet_receive(near_end, bytes, sizeof bytes, NULL, 0, &n_fds), 0);
    assert_int_equal(packet_send(near_end, bytes, 1, NULL, 0), -EPIPE);
}

static void test_peer_closed_cleanly(void **state) {
    char byte;
    size_t n_fds;
    (void)state;
    close_fd(&far_end);
    assert_int_equal(packet_receive(near_end, &byte, 1, NULL, 0, &n_fds), 0);
}

int main(void) {
#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)
    const struct CMUnitTest tests[] = {
        WITH_PAIR(test_round_trip_without_descriptors),
        WITH_PAIR(test_round_trip_with_most_descriptors),
        WITH_PAIR(test_packets_stay_apart),
        WITH_PAIR(test_too_many_to_send),
        WITH_PAIR(test_no_descriptor_left),
        WITH_PAIR(test_more_descriptors_than_expected_are_closed),
        WITH_PAIR(test_longer_packet_than_expected),
        WITH_PAIR(test_peer_gone_and_socket_full),
        WITH_PAIR(test_last_words_of_a_peer_with_unread_messages),
        WITH_PAIR(test_peer_closed_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
