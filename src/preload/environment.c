/* Runs between vfork() and exec as well: the stack only, no lock, no libc state but `environ`. */
#include "preload/environment.h"

#include <string.h>
#include <unistd.h>

#include "preload/preload.h"
#include "wire/private_tmp.h"

#define PRELOAD_PREFIX "LD_PRELOAD="
#define PRIVATE_PREFIX PYEXEC_TMP_VARIABLE "="

static bool begins_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The other libraries of an LD_PRELOAD: what follows our own name when that is first, as we write it. */
static char *others(char *value) {
    const char *library = preload_library();
    size_t len = library ? strlen(library) : 0;
    if (len == 0 || strncmp(value, library, len) != 0) {
        return value;
    }
    if (value[len] == '\0') {
        return value + len;
    }
    return value[len] == ':' || value[len] == ' ' ? value + len + 1 : value;
}

/* The strings stay at the top of the stack, of which every sandbox has a copy: nothing of the guest's is to be read
 * there. */
static void blank(char *text) {
    for (volatile char *c = text; *c; c++) {
        *c = '\0';
    }
}

void environment_hide(void) {
    if (!environ) {
        return;
    }
    char **kept = environ;
    for (char **entry = environ; *entry; entry++) {
        if (begins_with(*entry, PRIVATE_PREFIX)) {
            blank(*entry);
            continue;
        }
        if (begins_with(*entry, PRELOAD_PREFIX)) {
            char *value = *entry + strlen(PRELOAD_PREFIX);
            char *rest = others(value);
            if (*rest == '\0') {
                blank(*entry);
                continue;
            }
            memmove(value, rest, strlen(rest) + 1);
        }
        *kept++ = *entry;
    }
    *kept = NULL;
}

/* Appends as much as fits; the room is enough for what we write, and a longer LD_PRELOAD of the caller's is left out.
 */
static bool append(char *text, size_t size, const char *more) {
    size_t len = strlen(text);
    size_t more_len = strlen(more);
    if (len + more_len >= size) {
        return false;
    }
    memcpy(text + len, more, more_len + 1);
    return true;
}

void environment_copy(char *const *envp, struct environment_texts *texts, char **copy) {
    size_t n = 0;
    const char *library = preload_library();
    texts->preload[0] = '\0';
    (void)append(texts->preload, sizeof texts->preload, PRELOAD_PREFIX);
    (void)append(texts->preload, sizeof texts->preload, library ? library : "");
    texts->private[0] = '\0';
    (void)append(texts->private, sizeof texts->private, PRIVATE_PREFIX);
    (void)append(texts->private, sizeof texts->private, preload_private()->name);
    for (; envp && *envp; envp++) {
        if (begins_with(*envp, PRIVATE_PREFIX)) {
            continue;
        }
        if (library && begins_with(*envp, PRELOAD_PREFIX)) {
            const char *rest = others(*envp + strlen(PRELOAD_PREFIX));
            size_t len = strlen(texts->preload);
            if (*rest != '\0' && append(texts->preload, sizeof texts->preload, ":") &&
                !append(texts->preload, sizeof texts->preload, rest)) {
                texts->preload[len] = '\0';
            }
            continue;
        }
        copy[n++] = *envp;
    }
    if (library) {
        copy[n++] = texts->preload;
    }
    copy[n++] = texts->private;
    copy[n] = NULL;
}
