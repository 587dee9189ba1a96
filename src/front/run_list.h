/* Lists of runs, linked through the runs. A list of all zeros is empty; a run is in one list at most. */
#ifndef PYEXEC_FRONT_RUN_LIST_H
#define PYEXEC_FRONT_RUN_LIST_H

struct run;

struct run_list {
    struct run *first, *last;
};

void run_list_append(struct run_list *list, struct run *run);
void run_list_put_first(struct run_list *list, struct run *run);
void run_list_remove(struct run_list *list, struct run *run);

#endif
