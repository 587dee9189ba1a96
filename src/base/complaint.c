#include "base/complaint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int complain(const struct complaint *complaint, const char *format, ...) {
    if (complaint->size > 0) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(complaint->text, complaint->size, format, arguments);
        va_end(arguments);
    }
    return -EINVAL;
}
