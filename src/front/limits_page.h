/* GET /v1/limits: every limit in force, with its unit. Pure. */
#ifndef PYEXEC_FRONT_LIMITS_PAGE_H
#define PYEXEC_FRONT_LIMITS_PAGE_H

#include "base/settings.h"
#include "front/account.h"
#include "front/answer.h"

/* `account` is who asks, with its own caps, or NULL. Returns 0 with *ret_answer filled (answer_free() it), or -ENOMEM.
 */
int limits_page(const struct settings *settings, const struct account *account, struct answer *ret_answer);

#endif
