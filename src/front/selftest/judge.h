/* What the answer to a technique's script means. The rules are data that come with the techniques;
 * tests/escape/judgement.py has their description and judges by them as well. Pure. */
#ifndef PYEXEC_FRONT_SELFTEST_JUDGE_H
#define PYEXEC_FRONT_SELFTEST_JUDGE_H

#include <jansson.h>
#include <stddef.h>

#include "front/selftest/judgement.h"

/* Judges the service's answer `text`, of the given status of HTTP, in a tier with namespaces or (0) in one without.
 * Every byte of it may be the script's. */
void judge(const json_t *rule, int namespaces, unsigned status, const char *text, size_t len,
           struct judgement *ret_judgement);

#endif
