#include "front/rate_bucket.h"

#define US_PER_MINUTE 60e6

/* Sums of a third of a drop and its like are not whole numbers. */
#define ROUNDING 1e-6

static void fill(struct rate_bucket *bucket, uint64_t now_us) {
    uint64_t passed_us = now_us > bucket->at_us ? now_us - bucket->at_us : 0;
    bucket->level += bucket->per_minute * (double)passed_us / US_PER_MINUTE;
    bucket->level = bucket->level < bucket->per_minute ? bucket->level : bucket->per_minute;
    bucket->at_us = now_us;
}

void rate_bucket_start(struct rate_bucket *bucket, double per_minute, uint64_t now_us) {
    *bucket = (struct rate_bucket){.per_minute = per_minute, .level = per_minute, .at_us = now_us};
}

void rate_bucket_resize(struct rate_bucket *bucket, double per_minute, uint64_t now_us) {
    fill(bucket, now_us);
    bucket->level += per_minute - bucket->per_minute;
    bucket->per_minute = per_minute;
}

int rate_bucket_take(struct rate_bucket *bucket, double amount, uint64_t now_us) {
    if (bucket->per_minute <= 0) {
        return 1;
    }
    fill(bucket, now_us);
    if (bucket->level + ROUNDING < amount) {
        return 0;
    }
    bucket->level -= amount;
    return 1;
}

void rate_bucket_charge(struct rate_bucket *bucket, double amount, uint64_t now_us) {
    if (bucket->per_minute > 0) {
        fill(bucket, now_us);
        bucket->level -= amount;
    }
}

double rate_bucket_left(struct rate_bucket *bucket, uint64_t now_us) {
    fill(bucket, now_us);
    return bucket->level > 0 ? bucket->level + ROUNDING : 0;
}

uint64_t rate_bucket_wait_us(struct rate_bucket *bucket, double amount, uint64_t now_us) {
    if (bucket->per_minute <= 0) {
        return 0;
    }
    fill(bucket, now_us);
    double missing = amount - ROUNDING - bucket->level;
    return missing > 0 ? (uint64_t)(missing * US_PER_MINUTE / bucket->per_minute) + 1 : 0;
}
