/* How much may be used a minute: a bucket that holds a minute's worth, is full at first, and fills evenly. Pure.
 *
 * A whole minute's worth may be used at once after a quiet minute; after that it comes drop by drop. What was not known
 * before it was used (CPU time) may leave it below nothing, and nothing more is given until that is paid back. */
#ifndef PYEXEC_FRONT_RATE_BUCKET_H
#define PYEXEC_FRONT_RATE_BUCKET_H

#include <stdint.h>

struct rate_bucket {
    double per_minute; /* in whatever unit; 0: no bucket, anything goes */
    double level;
    uint64_t at_us; /* when `level` was right */
};

/* Makes a full one, or with 0 none. */
void rate_bucket_start(struct rate_bucket *bucket, double per_minute, uint64_t now_us);

/* Another size from now on; what was used stays used. */
void rate_bucket_resize(struct rate_bucket *bucket, double per_minute, uint64_t now_us);

/* Takes `amount` if it is there: 1, or 0. */
int rate_bucket_take(struct rate_bucket *bucket, double amount, uint64_t now_us);

/* Takes it whether it is there or not. */
void rate_bucket_charge(struct rate_bucket *bucket, double amount, uint64_t now_us);

/* What is left, 0 when it is below nothing. */
double rate_bucket_left(struct rate_bucket *bucket, uint64_t now_us);

/* Microseconds until `amount` is there (at most a minute's worth); 0 when it is. */
uint64_t rate_bucket_wait_us(struct rate_bucket *bucket, double amount, uint64_t now_us);

#endif
