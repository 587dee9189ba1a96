/* What slot.c, slot_make.c, slot_end.c and slot_verdict.c share; nobody else includes it. */
#ifndef PYEXEC_KEEPER_SLOT_INSIDE_H
#define PYEXEC_KEEPER_SLOT_INSIDE_H

#include "keeper/slot.h"

/* slot.c */

/* The only mover between states. */
void slot_move(struct slot *slot, enum slot_state state);

/* The slot whose sandbox has this id, or NULL when that is no more. */
struct slot *slot_find(struct keeper *keeper, uint64_t sandbox_id);

/* Makes all descriptors -1, without closing any. */
void slot_forget_descriptors(struct slot *slot);

/* slot_make.c */

/* The next sandbox waits a while, longer each time. */
void slot_spawn_failed(struct keeper *keeper);

/* User and group id of the slot's sandboxes, as seen from where they are set. */
uint32_t slot_id(const struct slot *slot);

/* slot_end.c */

/* Handlers of the ends of a sandbox's first process and of its init. */
void slot_on_main_exit(void *owner);
void slot_on_init_exit(void *owner);

/* Ends what is left of a sandbox that is judged. */
void slot_take_down(struct slot *slot);

/* Goes on with the end of a sandbox as far as the kernel has come. */
void slot_go_on_ending(struct slot *slot);

/* slot_verdict.c: tells front. */
void slot_send_verdict(const struct slot *slot);

#endif
