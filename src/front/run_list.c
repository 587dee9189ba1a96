#include "front/run_list.h"

#include "front/run.h"

void run_list_append(struct run_list *list, struct run *run) {
    run->before = list->last;
    run->next = NULL;
    *(list->last ? &list->last->next : &list->first) = run;
    list->last = run;
}

void run_list_put_first(struct run_list *list, struct run *run) {
    run->before = NULL;
    run->next = list->first;
    *(list->first ? &list->first->before : &list->last) = run;
    list->first = run;
}

void run_list_remove(struct run_list *list, struct run *run) {
    *(run->before ? &run->before->next : &list->first) = run->next;
    *(run->next ? &run->next->before : &list->last) = run->before;
    run->before = run->next = NULL;
}
