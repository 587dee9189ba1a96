/* The one clock of the project: CLOCK_MONOTONIC, in microseconds. */
#ifndef PYEXEC_BASE_CLOCK_H
#define PYEXEC_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Microseconds since an arbitrary start; never goes back. Async-signal-safe. */
static inline uint64_t clock_now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* Rounds up, so that a wait of this many milliseconds never ends before `us` have passed. */
static inline uint64_t clock_us_to_ms(uint64_t us) {
    return (us + 999u) / 1000u;
}

#endif
