#include "front/fair_queue.h"

static struct run_list *list_of(const struct run *run) {
    return &run->account->queue[run->input.wants];
}

void fair_queue_add(struct fair_queue *queue, struct run *run, int first) {
    struct account *account = run->account;
    if (first) {
        run_list_put_first(list_of(run), run);
    } else {
        run_list_append(list_of(run), run);
    }
    queue->n++;
    queue->n_of_kind[run->input.wants]++;
    if (account->n_queued++ == 0) {
        account->next_waiting = queue->waiting;
        account->link_waiting = &queue->waiting;
        if (queue->waiting) {
            queue->waiting->link_waiting = &account->next_waiting;
        }
        queue->waiting = account;
    }
}

void fair_queue_remove(struct fair_queue *queue, struct run *run) {
    struct account *account = run->account;
    run_list_remove(list_of(run), run);
    queue->n--;
    queue->n_of_kind[run->input.wants]--;
    if (--account->n_queued == 0) {
        *account->link_waiting = account->next_waiting;
        if (account->next_waiting) {
            account->next_waiting->link_waiting = account->link_waiting;
        }
        account->next_waiting = NULL;
        account->link_waiting = NULL;
    }
}

/* Whether `a` has its turn before `b`. */
static int comes_before(const struct account *a, const struct account *b) {
    return a->n_running != b->n_running ? a->n_running < b->n_running : a->last_turn < b->last_turn;
}

static int is_before(const struct run *run, const struct run *best) {
    if (!best) {
        return 1;
    }
    if (comes_before(run->account, best->account) || comes_before(best->account, run->account)) {
        return comes_before(run->account, best->account);
    }
    return run->submitted_us < best->submitted_us;
}

struct run *fair_queue_next(const struct fair_queue *queue, int (*may_start)(void *context, struct run *run),
                            void *context, int *ret_how) {
    struct run *best = NULL;
    for (const struct account *account = queue->waiting; account; account = account->next_waiting) {
        for (int kind = 0; kind < GUEST_KINDS; kind++) {
            struct run *head = account->queue[kind].first;
            if (!head || !is_before(head, best)) {
                continue;
            }
            int how = may_start(context, head);
            if (how >= 0) {
                best = head;
                *ret_how = how;
            }
        }
    }
    return best;
}

struct run *fair_queue_longest(const struct fair_queue *queue, unsigned more_than) {
    const struct account *longest = NULL;
    struct run *youngest = NULL;
    for (const struct account *account = queue->waiting; account; account = account->next_waiting) {
        if (account->n_queued > more_than) {
            more_than = account->n_queued;
            longest = account;
        }
    }
    for (int kind = 0; longest && kind < GUEST_KINDS; kind++) {
        struct run *last = longest->queue[kind].last;
        youngest = last && (!youngest || last->submitted_us >= youngest->submitted_us) ? last : youngest;
    }
    return youngest;
}

void fair_queue_started(struct fair_queue *queue, struct account *account) {
    account->n_running++;
    account->last_turn = ++queue->turns;
}

void fair_queue_ended(struct account *account) {
    account->n_running--;
}
