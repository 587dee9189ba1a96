/* The operator's own directories of Python packages, which every script can import from (the setting site_packages). */
#ifndef PYEXEC_KEEPER_SITE_PACKAGES_H
#define PYEXEC_KEEPER_SITE_PACKAGES_H

#include "base/complaint.h"

#define SITE_PACKAGES_LIST_MAX 4096

struct site_packages {
    char outside[SITE_PACKAGES_LIST_MAX]; /* the directories as the keeper sees them, resolved; see base/path_list.h */
    char inside[SITE_PACKAGES_LIST_MAX];  /* as guests and scripts see them; "" until site_packages_place() */
};

/* Finds the directories that the setting names: a virtual environment stands for the packages in it, links are
 * followed. The operator's paths: no script can touch them. Returns 0, or -EINVAL with a message for people that names
 * the directory and what to do. */
int site_packages_find(const char *setting, struct site_packages *ret_packages, const struct complaint *complaint);

/* Whether sandboxes can come to and read what was found; `one_id`: they have the caller's own user id, else one that is
 * nobody's. Likewise. */
int site_packages_check_access(const struct site_packages *packages, int one_id, const struct complaint *complaint);

/* Says what the directories are called inside: with `namespaces` they are mounted by number beneath SITE_PACKAGES_MOUNT
 * (jail/tree.h), with a prepared root (else NULL) they lie in it, and otherwise they are where they are. Returns 0;
 * -EXDEV when one is outside the prepared root, which can then not be used; -EINVAL with a message when one is where
 * scripts see a directory of their own. */
int site_packages_place(struct site_packages *packages, int namespaces, const char *prepared_root,
                        const struct complaint *complaint);

#endif
