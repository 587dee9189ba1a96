/* What is in force on this host, for /health. */
#ifndef PYEXEC_KEEPER_STATUS_H
#define PYEXEC_KEEPER_STATUS_H

struct keeper;

/* Fills keeper->status with the tier and its layers; call again when one of them has changed. */
void status_describe(struct keeper *keeper);

#endif
