/* What differs between the versions of control groups; for cgroup.c, cgroup_v1.c and cgroup_v2.c alone. */
#ifndef PYEXEC_KEEPER_CGROUP_VERSION_H
#define PYEXEC_KEEPER_CGROUP_VERSION_H

#include "keeper/cgroup.h"

/* Names of our groups and of the slots' in them, by which those of dead instances are known. */
#define CGROUP_PREFIX "pyexecd-"
#define CGROUP_SLOT_PREFIX "slot-"
#define CGROUP_SERVICE "service" /* version 2: our own processes */
#define CGROUP_BIT(controller) (1u << (controller))

struct cgroup_version {
    unsigned number;

    /* Makes our group for the controller, or finds it. Returns 0 or -errno. */
    int (*open)(struct cgroups *groups, enum cgroup_controller controller);

    /* Makes the slot's group where it is not there yet, and opens what the controller needs. Returns 0 or -errno. */
    int (*open_slot)(struct cgroups *groups, enum cgroup_controller controller, size_t slot);

    /* Puts the slot's memory peak back. Returns 0 or -errno. */
    int (*renew_slot)(struct cgroups *groups, size_t slot);

    /* What the slot's usage file says. */
    uint64_t (*cpu_us)(const struct cgroup_slot *files);

    /* Gives the controller up again: its files, and what there is for it alone. */
    void (*give_up)(struct cgroups *groups, enum cgroup_controller controller);

    /* Gives up what is there for all controllers; once none is in use. */
    void (*close)(struct cgroups *groups);
};

extern const struct cgroup_version cgroup_version_1, cgroup_version_2;

/* cgroup_place.c */

/* Where a hierarchy is mounted and the way from there to the group of this process: "" or "/a/b". */
struct cgroup_path {
    char point[1024];
    char below[1024];
};

/* Finds it for a version 1 controller; NULL: for version 2. Returns 0 or -errno, -ENOENT where the host has none. */
int cgroup_find(const char *controller, struct cgroup_path *ret_path);

/* The same from the texts of /proc/self/mountinfo and /proc/self/cgroup. */
int cgroup_find_in(const char *mounts, const char *groups, const char *controller, struct cgroup_path *ret_path);

/* Removes the groups of dead instances, as far as there is no process in them. */
void cgroup_remove_stale(int parent_fd);

/* The same, then makes our group beneath place->parent_fd and locks it. Returns 0 with place->dir_fd set, or -errno. */
int cgroup_make_own(const struct cgroups *groups, struct cgroup_place *place);

/* Removes our group with all that is beneath it, as far as there is no process in it, and closes the place. */
void cgroup_remove_own(const struct cgroups *groups, struct cgroup_place *place);

/* Opens a file of the slot's group; *ret_fd is closed first when it is open. Returns 0 or -errno. */
int cgroup_open_slot_file(int dir_fd, size_t slot, const char *file, int flags, int *ret_fd);

/* Reads a small file: the number after `word` ("": at its start); 0 when it cannot be told. */
uint64_t cgroup_read_number(int fd, const char *word);

/* Closes the slot's files of the controller. */
void cgroup_close_slot(struct cgroup_slot *files, enum cgroup_controller controller);

/* Writes the number into the file. Returns 0 or -errno. */
int cgroup_write_number(int fd, uint64_t value);

#endif
