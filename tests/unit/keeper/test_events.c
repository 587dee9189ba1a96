#include "keeper/events.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unit.h"

struct counter {
    struct event_source source;
    struct event_source *closes; /* what its handler closes, or NULL */
    int epoll_fd;
    int calls;
};

static void on_event(void *owner) {
    struct counter *counter = owner;
    char byte;
    counter->calls++;
    (void)!read(counter->source.fd, &byte, 1);
    if (counter->closes) {
        events_close(counter->epoll_fd, counter->closes);
    }
}

static void open_counter(struct counter *counter, int epoll_fd, int *ret_write_end) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *counter = (struct counter){.epoll_fd = epoll_fd};
    counter->source = (struct event_source){.fd = ends[0], .handle = on_event, .owner = counter};
    *ret_write_end = ends[1];
    assert_int_equal(events_watch(epoll_fd, &counter->source), 0);
}

static void a_ready_descriptor_wakes_its_handler(void **state) {
    (void)state;
    cleanup_close int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    cleanup_close int write_end = -1;
    struct counter counter;
    open_counter(&counter, epoll_fd, &write_end);
    assert_int_equal(events_wait(epoll_fd, 0), 0);
    assert_int_equal(counter.calls, 0);
    assert_int_equal(write(write_end, "x", 1), 1);
    assert_int_equal(events_wait(epoll_fd, 1000), 0);
    assert_int_equal(counter.calls, 1);
    events_close(epoll_fd, &counter.source);
    assert_int_equal(counter.source.fd, -1);
    events_close(epoll_fd, &counter.source); /* harmless */
}

static void what_a_handler_closes_is_not_called_in_the_same_round(void **state) {
    (void)state;
    cleanup_close int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    cleanup_close int first_end = -1, second_end = -1;
    struct counter first, second;
    open_counter(&first, epoll_fd, &first_end);
    open_counter(&second, epoll_fd, &second_end);
    first.closes = &second.source;
    second.closes = &first.source;
    assert_int_equal(write(first_end, "x", 1), 1);
    assert_int_equal(write(second_end, "x", 1), 1);
    assert_int_equal(events_wait(epoll_fd, 1000), 0);
    assert_int_equal(first.calls + second.calls, 1);
    events_close(epoll_fd, &first.source);
    events_close(epoll_fd, &second.source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ready_descriptor_wakes_its_handler),
        cmocka_unit_test(what_a_handler_closes_is_not_called_in_the_same_round),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
