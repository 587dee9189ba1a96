/* What every unit test includes: cmocka wants these headers before its own. */
#ifndef PYEXEC_TESTS_UNIT_H
#define PYEXEC_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* keep this blank line: cmocka.h comes last */

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
