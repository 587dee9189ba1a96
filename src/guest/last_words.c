/* The signal comes at any time: in the middle of C code, of an allocation, in a system call. So the handler asks Python
 * nothing. The frames come from faulthandler, which walks them without a lock or an allocation and writes them to a
 * descriptor: one end of a pipe that is made only now, so that no run has a descriptor more.
 *
 * Then Python's own handler (python/last_words.py) gets as far as it comes in the time that is left: it writes out what
 * was printed without a line end, and looks for a coroutine that waits, which is on nobody's stack, when all that the
 * main thread has is an idle event loop. The main thread may be deep in C code and never come to it: a timer ends the
 * process. */
#include "guest/last_words.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "guest/result_map.h"
#include "wire/last_words.h"

/* What faulthandler writes to; below the least max_open_files. The process is over: whose it was does not matter. */
#define DUMP_FD 50

#define EXIT_STATUS (128 + LAST_WORDS_SIGNAL)

/* For Python's handler. */
#define PATIENCE_US (LAST_WORDS_US * 3 / 4)
#define MAX_FRAMES 12u
#define MAX_LINE_TEXT 200u

struct span {
    const char *text;
    size_t len;
};

struct user_frame {
    struct span file, name;
    unsigned long line;
};

struct stack {
    struct user_frame frames[MAX_FRAMES]; /* the innermost first */
    size_t n;
    bool loop_is_idle; /* an event loop's own frames lie above the user's */
};

struct words {
    struct last_words *room;
    size_t len;
};

static void (*dump_frames)(int signal_number); /* faulthandler's handler */
static PyObject *source_object;
static const char *source_text;
static size_t source_len;
static bool loop_is_idle; /* when the signal came */

/* ---- what faulthandler wrote ---- */

static bool starts_with(const struct span *span, const char *start) {
    size_t len = strlen(start);
    return span->len >= len && memcmp(span->text, start, len) == 0;
}

/* Takes a line off the text. */
static bool next_line(struct span *text, struct span *ret_line) {
    const char *end = text->len > 0 ? memchr(text->text, '\n', text->len) : NULL;
    if (!end) {
        return false; /* what has no line end was cut */
    }
    *ret_line = (struct span){text->text, (size_t)(end - text->text)};
    text->len -= ret_line->len + 1;
    text->text = end + 1;
    return true;
}

/*   File "script.py", line 3 in main  */
static bool parse_frame(const struct span *line, struct user_frame *ret_frame) {
    static const char head[] = "  File \"", middle[] = "\", line ", tail[] = " in ";
    const size_t head_len = sizeof head - 1, middle_len = sizeof middle - 1, tail_len = sizeof tail - 1;
    if (!starts_with(line, head)) {
        return false;
    }
    const char *file = line->text + head_len;
    const char *end = line->text + line->len;
    const char *number = memmem(file, (size_t)(end - file), middle, middle_len);
    if (!number) {
        return false;
    }
    struct user_frame frame = {.file = {file, (size_t)(number - file)}};
    number += middle_len;
    while (number < end && *number >= '0' && *number <= '9' && frame.line < 100000000) {
        frame.line = frame.line * 10 + (unsigned long)(*number++ - '0');
    }
    if ((size_t)(end - number) < tail_len || memcmp(number, tail, tail_len) != 0) {
        return false;
    }
    frame.name = (struct span){number + tail_len, (size_t)(end - number) - tail_len};
    *ret_frame = frame;
    return true;
}

static bool is_script(const struct span *file) {
    return file->len == sizeof "script.py" - 1 && starts_with(file, "script.py");
}

/* The script, the files posted with it, and what they compile themselves. */
static bool is_users(const struct span *file) {
    return is_script(file) || starts_with(file, "/tmp/") ||
           (starts_with(file, "<") && !starts_with(file, "<frozen ") && !starts_with(file, "<pyexecd>"));
}

/* Reads one thread's part, up to an empty line. */
static void parse_thread(struct span *text, struct stack *stack) {
    struct span line;
    while (next_line(text, &line) && line.len > 0) {
        struct user_frame frame;
        if (!parse_frame(&line, &frame)) {
            continue;
        }
        if (is_users(&frame.file)) {
            if (stack->n < MAX_FRAMES) {
                stack->frames[stack->n++] = frame;
            }
        } else if (stack->n == 0 && memmem(frame.file.text, frame.file.len, "/asyncio/", 9)) {
            stack->loop_is_idle = true;
        }
    }
}

/* The thread that got the signal, which is the main one where it lets it come; when no user's frame is on its stack,
 * another thread. */
static void parse_dump(struct span text, struct stack *ret_stack) {
    struct span line;
    struct stack other = {.n = 0};
    while (next_line(&text, &line)) {
        struct stack stack = {.n = 0};
        bool is_current = starts_with(&line, "Current thread ") || starts_with(&line, "Stack ");
        parse_thread(&text, &stack);
        if (is_current && (stack.n > 0 || stack.loop_is_idle)) {
            *ret_stack = stack;
            return;
        }
        if (stack.n > 0) {
            other = stack;
        }
    }
    *ret_stack = other;
}

/* ---- the words ---- */

static void append(struct words *words, const char *text, size_t len) {
    if (words->len + len <= LAST_WORDS_TEXT_MAX) {
        memcpy(words->room->text + words->len, text, len);
        words->len += len;
    }
}

static void append_text(struct words *words, const char *text) {
    append(words, text, strlen(text));
}

static void append_number(struct words *words, unsigned long number) {
    char digits[24];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    append(words, digits + i, sizeof digits - i);
}

static void append_character(struct words *words, unsigned long code) {
    char bytes[4];
    if (code < 0x80) {
        bytes[0] = (char)code;
        append(words, bytes, 1);
    } else if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3F));
        append(words, bytes, 2);
    } else if (code >= 0xD800 && code < 0xE000) {
        append(words, "?", 1);
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code & 0x3F));
        append(words, bytes, 3);
    } else {
        bytes[0] = (char)(0xF0 | (code >> 18 & 0x07));
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[3] = (char)(0x80 | (code & 0x3F));
        append(words, bytes, 4);
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* faulthandler writes what is not ASCII as \xe4, \u20ac, \U0001f600. */
static void append_unescaped(struct words *words, const struct span *span) {
    for (size_t i = 0; i < span->len; i++) {
        char kind = span->text[i] == '\\' && i + 1 < span->len ? span->text[i + 1] : '\0';
        size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
        unsigned long code = 0;
        size_t j = 0;
        for (; j < digits && i + 2 + j < span->len && hex_digit(span->text[i + 2 + j]) >= 0; j++) {
            code = code << 4 | (unsigned)hex_digit(span->text[i + 2 + j]);
        }
        if (digits > 0 && j == digits) {
            append_character(words, code);
            i += 1 + digits;
        } else {
            append(words, span->text + i, 1);
        }
    }
}

/* The source's line, without the blanks around it; empty when there is none. Lines end as the tokenizer has them. */
static struct span source_line(unsigned long line) {
    size_t start = 0;
    for (unsigned long number = 1; source_text && start <= source_len; number++) {
        size_t end = start;
        while (end < source_len && source_text[end] != '\n' && source_text[end] != '\r') {
            end++;
        }
        if (number == line) {
            while (start < end && strchr(" \t\f", source_text[start])) {
                start++;
            }
            return (struct span){source_text + start, end - start};
        }
        start = end + (end + 1 < source_len && source_text[end] == '\r' && source_text[end + 1] == '\n' ? 2 : 1);
    }
    return (struct span){NULL, 0};
}

static void append_source_line(struct words *words, unsigned long line) {
    struct span text = source_line(line);
    if (text.len == 0) {
        return;
    }
    size_t len = text.len;
    if (len > MAX_LINE_TEXT) {
        len = MAX_LINE_TEXT;
        while (len > 0 && ((unsigned char)text.text[len] & 0xC0) == 0x80) {
            len--; /* not in the middle of a character */
        }
    }
    append_text(words, "\n    ");
    append(words, text.text, len);
    append_text(words, len < text.len ? "..." : "");
}

static void commit(struct last_words *room, uint32_t line, size_t len) {
    room->line = line;
    __atomic_store_n(&room->text_len, (uint32_t)len, __ATOMIC_RELEASE);
}

static void leave_stack(const struct stack *stack, struct last_words *room) {
    struct words words = {.room = room};
    unsigned long line = 0;
    append_text(&words, "Traceback (most recent call last):");
    for (size_t i = stack->n; i-- > 0;) {
        const struct user_frame *frame = &stack->frames[i];
        append_text(&words, "\n  File \"");
        append_unescaped(&words, &frame->file);
        append_text(&words, "\", line ");
        append_number(&words, frame->line);
        append_text(&words, ", in ");
        append_unescaped(&words, &frame->name);
        if (is_script(&frame->file)) {
            line = frame->line; /* the innermost comes last */
            append_source_line(&words, frame->line);
        }
    }
    commit(room, (uint32_t)line, words.len);
}

/* ---- the signal ---- */

/* Returns the bytes that faulthandler wrote. */
static size_t read_dump(char *text, size_t size) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0 || dup2(ends[1], DUMP_FD) < 0) {
        return 0;
    }
    dump_frames(LAST_WORDS_SIGNAL);
    size_t len = 0;
    ssize_t n;
    while (len < size && (n = read(ends[0], text + len, size - len)) > 0) {
        len += (size_t)n;
    }
    return len;
}

#if PY_VERSION_HEX >= 0x030A0000
/* Lets Python's handler have its turn, and ends the process if that does not come. */
static void ask_python(int signal_number) {
    const struct itimerval patience = {.it_value.tv_usec = PATIENCE_US};
    sigset_t alarm_only;
    (void)sigemptyset(&alarm_only);
    (void)sigaddset(&alarm_only, SIGALRM);
    if (signal(SIGALRM, SIG_DFL) == SIG_ERR || pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL) != 0 ||
        setitimer(ITIMER_REAL, &patience, NULL) < 0) {
        _exit(EXIT_STATUS);
    }
    (void)PyErr_SetInterruptEx(signal_number);
}
#else
static void ask_python(int signal_number) {
    (void)signal_number;
    _exit(EXIT_STATUS);
}
#endif

static void on_signal(int signal_number) {
    static char text[65536]; /* a pipe's size; its pages exist only from now on */
    int saved_errno = errno;
    struct result_space room = result_map_last_words();
    if (!room.bytes) {
        _exit(EXIT_STATUS); /* a fork of the script's: what an unhandled signal does */
    }
    struct stack stack;
    parse_dump((struct span){text, read_dump(text, sizeof text)}, &stack);
    if (stack.n > 0) {
        leave_stack(&stack, (struct last_words *)(void *)room.bytes);
    }
    loop_is_idle = stack.loop_is_idle;
    ask_python(signal_number);
    errno = saved_errno;
}

void last_words_set_source(PyObject *source) {
    Py_ssize_t len = 0;
    const char *text = PyUnicode_AsUTF8AndSize(source, &len);
    if (!text) {
        PyErr_Clear(); /* lone surrogates, which no compiler takes either */
    }
    Py_INCREF(source);
    PyObject *former = source_object;
    source_object = source;
    source_text = text;
    source_len = text ? (size_t)len : 0;
    Py_XDECREF(former);
}

void last_words_say(uint32_t line, const char *text, size_t len) {
    struct result_space room = result_map_last_words();
    if (room.bytes && len > 0 && len <= LAST_WORDS_TEXT_MAX) {
        struct last_words *words = (struct last_words *)(void *)room.bytes;
        words->text_len = 0;
        memcpy(words->text, text, len);
        commit(words, line, len);
    }
    _exit(EXIT_STATUS);
}

bool last_words_want_coroutines(void) {
    return loop_is_idle;
}

int last_words_prepare(void) {
    PyObject *module = PyImport_ImportModule("faulthandler");
    PyObject *done = module ? PyObject_CallMethod(module, "register", "iiii", LAST_WORDS_SIGNAL, DUMP_FD, 1, 0) : NULL;
    Py_XDECREF(module);
    if (!done) {
        return -1;
    }
    Py_DECREF(done);
    struct sigaction action;
    if (sigaction(LAST_WORDS_SIGNAL, NULL, &action) < 0) {
        (void)PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    dump_frames = action.sa_handler;
    action.sa_handler = on_signal;
    action.sa_flags &= ~SA_RESTART; /* a call that blocks gives way to Python's handler */
    if (sigaction(LAST_WORDS_SIGNAL, &action, NULL) < 0) {
        (void)PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    return 0;
}
