#include "front/account.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "front/allocate.h"

struct account *account_hold(struct account *account) {
    account->n_users++;
    return account;
}

int account_is_named(const struct account *account) {
    return strcmp(account->name, KEY_NAME_NOBODY) != 0;
}

struct account_counts *account_counts(struct account *account, struct metrics *metrics) {
    return account && account_is_named(account) ? &account->counts : &metrics->anonymous;
}

static struct account *find_or_make(struct accounts *accounts, const char *name, const unsigned char *address) {
    struct account *account = accounts->first;
    while (account &&
           (strcmp(account->name, name) != 0 || memcmp(account->address, address, ACCOUNT_ADDRESS_BYTES) != 0)) {
        account = account->next;
    }
    if (!account) {
        account = allocate_or_exit(sizeof *account);
        memcpy(account->name, name, strlen(name) + 1);
        memcpy(account->address, address, ACCOUNT_ADDRESS_BYTES);
        account->caps = key_no_caps();
        account->next = accounts->first;
        accounts->first = account;
    }
    return account_hold(account);
}

struct account *accounts_of_name(struct accounts *accounts, const char *name) {
    static const unsigned char no_address[ACCOUNT_ADDRESS_BYTES];
    return find_or_make(accounts, name, no_address);
}

struct account *accounts_of_address(struct accounts *accounts, const struct sockaddr *address) {
    unsigned char bytes[ACCOUNT_ADDRESS_BYTES] = {0};
    if (address && address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        memset(bytes + 10, 0xFF, 2);
        memcpy(bytes + 12, &in->sin_addr, 4);
    } else if (address && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
        memcpy(bytes, &in6->sin6_addr, IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? 16 : 8);
    }
    return find_or_make(accounts, KEY_NAME_NOBODY, bytes);
}

void account_release(struct accounts *accounts, struct account *account) {
    if (!account || --account->n_users > 0) {
        return;
    }
    struct account **link = &accounts->first;
    while (*link != account) {
        link = &(*link)->next;
    }
    *link = account->next;
    free(account);
}

static double per_minute(uint64_t cap) {
    return cap == KEY_NO_CAP ? 0 : (double)cap;
}

static void resize(struct rate_bucket *bucket, double size, uint64_t now_us) {
    if (bucket->per_minute > 0 && size > 0) {
        rate_bucket_resize(bucket, size, now_us);
    } else {
        rate_bucket_start(bucket, size, now_us);
    }
}

void account_set_caps(struct account *account, const struct key_caps *caps, uint64_t now_us) {
    account->caps = *caps;
    resize(&account->requests, per_minute(caps->requests_per_minute), now_us);
    resize(&account->cpu, per_minute(caps->cpu_us_per_minute), now_us);
}
