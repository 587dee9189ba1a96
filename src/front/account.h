/* Who a request is from, as far as the service has to tell clients apart: the name of its API key, or without keys the
 * address it came from. Caps, what was used of them, and the place in the queue belong to the account. */
#ifndef PYEXEC_FRONT_ACCOUNT_H
#define PYEXEC_FRONT_ACCOUNT_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/key_file.h"
#include "front/metrics.h"
#include "front/rate_bucket.h"
#include "front/run_list.h"
#include "wire/guest_kind.h"

#define ACCOUNT_ADDRESS_BYTES 16

struct account {
    char name[KEY_NAME_MAX + 1];                  /* KEY_NAME_NOBODY without keys */
    unsigned char address[ACCOUNT_ADDRESS_BYTES]; /* without keys; see accounts_of_address() */
    struct key_caps caps;
    struct rate_bucket requests;
    struct rate_bucket cpu;       /* in microseconds */
    unsigned n_users;             /* who points here: rows of keys, requests, runs; it is freed with the last */
    size_t n_kept;                /* answers that idempotency.c keeps for it */
    struct account *next;         /* of all accounts */
    struct account_counts counts; /* of a name; those of addresses are counted together elsewhere */

    /* The admission's: */
    struct run_list queue[GUEST_KINDS]; /* by the guest that is wanted, oldest first */
    unsigned n_queued;
    unsigned n_running;
    uint64_t last_turn; /* when a run of it was started last: a number that grows with each start */
    struct account *next_waiting, **link_waiting; /* of those with a queue; NULL: has none */
};

struct accounts {
    struct account *first;
};

/* The account of this name, or of this address, made when there is none yet; never NULL, to be given back with
 * account_release(). An IPv4 address counts alone, whether it comes as itself or mapped into IPv6; of an IPv6 one the
 * first 64 bits, since that is what one customer of a network gets. Every other address is one account together. */
struct account *accounts_of_name(struct accounts *accounts, const char *name);
struct account *accounts_of_address(struct accounts *accounts, const struct sockaddr *address);

/* 1 when it is a name of the file of keys, 0 when it is an address. */
int account_is_named(const struct account *account);

/* Where to count what it does; NULL (nobody known) counts as an address. */
struct account_counts *account_counts(struct account *account, struct metrics *metrics);

struct account *account_hold(struct account *account);

/* NULL is fine. */
void account_release(struct accounts *accounts, struct account *account);

/* Other caps from now on; what was used of the old ones stays used. */
void account_set_caps(struct account *account, const struct key_caps *caps, uint64_t now_us);

#endif
