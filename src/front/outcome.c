#include "front/outcome.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "front/utf8.h"

#define BYTES_PER_MIB (1024.0 * 1024.0)
#define SIGNAL_CODE_BASE 128
#define STOPPED_TEXT_MAX_CHARACTERS 80u          /* of a source line that is quoted */
#define KILLED_CODE (SIGNAL_CODE_BASE + SIGKILL) /* what a run that a limit ended answers with */

static int say(struct outcome *outcome, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void suggest(struct outcome *outcome, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int say(struct outcome *outcome, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return byte_buffer_append_text(&outcome->message, text);
}

static void suggest(struct outcome *outcome, const char *format, ...) {
    if (outcome->n_suggestions == OUTCOME_MAX_SUGGESTIONS) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(outcome->suggestions[outcome->n_suggestions++], OUTCOME_SUGGESTION_MAX, format, arguments);
    va_end(arguments);
}

/* ---- signals ---- */

static const struct {
    int number;
    const char *name, *meaning;
} signals[] = {
    {SIGHUP, "SIGHUP", "hangup"},
    {SIGINT, "SIGINT", "interrupt"},
    {SIGQUIT, "SIGQUIT", "quit"},
    {SIGILL, "SIGILL", "illegal instruction"},
    {SIGTRAP, "SIGTRAP", "trace trap"},
    {SIGABRT, "SIGABRT", "abort"},
    {SIGBUS, "SIGBUS", "access to memory that is not there"},
    {SIGFPE, "SIGFPE", "arithmetic error"},
    {SIGKILL, "SIGKILL", "killed"},
    {SIGUSR1, "SIGUSR1", "user signal 1"},
    {SIGSEGV, "SIGSEGV", "invalid memory access"},
    {SIGUSR2, "SIGUSR2", "user signal 2"},
    {SIGPIPE, "SIGPIPE", "write to a pipe that nobody reads"},
    {SIGALRM, "SIGALRM", "alarm clock"},
    {SIGTERM, "SIGTERM", "termination request"},
    {SIGSTKFLT, "SIGSTKFLT", "stack fault"},
    {SIGXCPU, "SIGXCPU", "CPU time limit"},
    {SIGXFSZ, "SIGXFSZ", "file size limit"},
    {SIGVTALRM, "SIGVTALRM", "virtual alarm clock"},
    {SIGPROF, "SIGPROF", "profiling timer"},
    {SIGIO, "SIGIO", "input or output possible"},
    {SIGPWR, "SIGPWR", "power failure"},
    {SIGSYS, "SIGSYS", "system call refused"},
};

static const char *name_signal(int number, char *ret_name, size_t size) {
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (signals[i].number == number) {
            (void)snprintf(ret_name, size, "%s", signals[i].name);
            return signals[i].meaning;
        }
    }
    (void)snprintf(ret_name, size, number >= 34 ? "SIGRTMIN+%d" : "SIG%d", number >= 34 ? number - 34 : number);
    return "signal";
}

static int judge_signal(const struct front_verdict *verdict, struct outcome *outcome) {
    const char *meaning = name_signal(verdict->signal, outcome->signal, sizeof outcome->signal);
    outcome->kind = OUTCOME_RUNTIME_ERROR;
    outcome->return_code = SIGNAL_CODE_BASE + verdict->signal;
    switch (verdict->signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
        suggest(outcome, "Native code failed: look at ctypes, extension modules and very deep recursion");
        break;
    case SIGABRT:
        suggest(outcome, "The process aborted itself: look for os.abort() and for messages in stderr");
        break;
    case SIGSYS:
        suggest(outcome, "The sandbox refuses this system call");
        break;
    default:
        suggest(outcome, "Look for code that sends signals to the script's own process");
    }
    return say(outcome, "The script was ended by signal %d (%s, %s).", verdict->signal, outcome->signal, meaning);
}

/* ---- limits ---- */

static void set_limit(struct outcome *outcome, const char *name, double value, const char *unit) {
    outcome->return_code = KILLED_CODE;
    outcome->limit_name = name;
    outcome->limit_value = value;
    outcome->limit_unit = unit;
}

/* The line that was running: the last one of the traceback that the sandbox left, when it is a line of the source. */
static void suggest_stopped_line(const struct run_record *record, struct outcome *outcome) {
    const struct byte_buffer *stack = &record->stopped_at;
    const char *end = stack->len > 0 ? memrchr(stack->bytes, '\n', stack->len) : NULL;
    size_t len = end ? (size_t)(stack->bytes + stack->len - (end + 1)) : 0;
    if (len > 4 && memcmp(end + 1, "    ", 4) == 0) {
        size_t shown = utf8_cut(end + 5, len - 4, STOPPED_TEXT_MAX_CHARACTERS);
        suggest(outcome,
                "Line %lld was running when the time ran out: `%.*s%s`. Check whether its loop ends, or what it waits "
                "for",
                record->stopped_line, (int)shown, end + 5, shown < len - 4 ? "..." : "");
    } else {
        suggest(outcome, "Line %lld was running when the time ran out: check what it calls", record->stopped_line);
    }
}

static int judge_timeout(const struct front_verdict *verdict, const struct run_record *record,
                         const struct settings *settings, struct outcome *outcome) {
    outcome->kind = OUTCOME_TIMEOUT;
    set_limit(outcome, "timeout", (double)verdict->limit_value / 1000.0, "seconds");
    if (record->stopped_line > 0) {
        suggest_stopped_line(record, outcome);
    } else {
        suggest(outcome, "Check for loops that never end and for waits that nobody answers");
    }
    if (verdict->limit_value < settings->max_timeout_ms) {
        suggest(outcome, "Ask for more time with 'timeout': at most %g seconds",
                (double)settings->max_timeout_ms / 1000.0);
    }
    return say(outcome, "The script did not end within its time limit of %g seconds.", outcome->limit_value);
}

static int judge_memory(const struct front_verdict *verdict, const struct settings *settings, struct outcome *outcome) {
    set_limit(outcome, "memory_mb", (double)verdict->limit_value / BYTES_PER_MIB, "MiB");
    suggest(outcome,
            "Memory peaked at %.0f MiB, the limit is %g MiB: process the data in parts, and drop what is no longer "
            "needed",
            (double)verdict->memory_peak_bytes / BYTES_PER_MIB, outcome->limit_value);
    if (verdict->limit_value < settings->max_memory_bytes) {
        suggest(outcome, "Ask for more memory with 'memory_mb': at most %g",
                (double)settings->max_memory_bytes / BYTES_PER_MIB);
    }
    return say(outcome, "The script needed more than its %g MiB of memory.", outcome->limit_value);
}

static int judge_cpu(uint64_t limit_ms, const struct settings *settings, struct outcome *outcome) {
    set_limit(outcome, "max_cpu_time", (double)(limit_ms ? limit_ms : settings->max_cpu_ms) / 1000.0, "seconds");
    suggest(outcome, "Reduce the computation, or split it into several runs");
    return say(outcome, "The script used up its CPU time of %g seconds.", outcome->limit_value);
}

static int judge_processes(uint64_t limit, const struct settings *settings, struct outcome *outcome) {
    set_limit(outcome, "max_processes", (double)(limit ? limit : settings->max_processes), "processes");
    suggest(outcome, "Start fewer processes and threads at one time, and wait for those that have ended");
    return say(outcome, "The script started more than %g processes and threads.", outcome->limit_value);
}

static int judge_disk(uint64_t limit, const struct settings *settings, struct outcome *outcome) {
    set_limit(outcome, "max_disk_mb", (double)(limit ? limit : settings->max_disk_bytes) / BYTES_PER_MIB, "MiB");
    suggest(outcome, "Write less to the temporary directory, and remove files that are no longer needed");
    return say(outcome, "The script wrote more than its disk space of %g MiB holds.", outcome->limit_value);
}

static int judge_files(uint64_t limit, const struct settings *settings, struct outcome *outcome) {
    set_limit(outcome, "max_inodes", (double)(limit ? limit : settings->max_inodes), "files");
    suggest(outcome, "Make fewer files and directories, and remove those that are no longer needed");
    return say(outcome, "The script made more than %g files and directories.", outcome->limit_value);
}

static int judge_file_size(const struct settings *settings, struct outcome *outcome) {
    set_limit(outcome, "max_file_mb", (double)settings->max_file_bytes / BYTES_PER_MIB, "MiB");
    suggest(outcome, "Split what you write into smaller files");
    return say(outcome, "The script wrote a file larger than %g MiB.", outcome->limit_value);
}

/* ---- exits ---- */

static int judge_status(const struct run_record *record, int code, struct outcome *outcome) {
    outcome->kind = OUTCOME_RUNTIME_ERROR;
    outcome->return_code = code;
    int error;
    if (record->kind == RECORD_RESULT) {
        error = say(outcome, "The script exited with status %d after its result was there.", code);
        suggest(outcome, "Look for atexit handlers and os._exit()");
        return error;
    }
    suggest(outcome, "Let main() return its result; an exit with status 0 counts as success without a result");
    error = say(outcome, "The script exited with status %d", code);
    if (!error && record->kind == RECORD_EXIT) {
        outcome->error_type = "SystemExit";
        outcome->uses_record = outcome->uses_record_suggestions = 1;
        if (record->message.len > 0) {
            error = say(outcome, ": ");
            return error ? error : byte_buffer_append(&outcome->message, record->message.bytes, record->message.len);
        }
    }
    return error ? error : say(outcome, ".");
}

static int judge_missing_main(const struct run_record *record, int code, struct outcome *outcome) {
    outcome->kind = OUTCOME_MISSING_MAIN;
    outcome->return_code = code ? code : 1;
    if (record->suggestions.n > 0) {
        outcome->uses_record_suggestions = 1; /* the two below, and more */
    } else {
        suggest(outcome, "Add a main() function to your script");
        suggest(outcome, "Example: def main():\n    # Your code here\n    return 'success'");
    }
    return say(outcome, "Script must contain a main() function as the entry point.");
}

static int judge_error(const struct run_record *record, int code, struct outcome *outcome) {
    int is_syntax = record->kind == RECORD_SYNTAX_ERROR;
    outcome->kind = is_syntax ? OUTCOME_SYNTAX_ERROR : OUTCOME_RUNTIME_ERROR;
    outcome->return_code = code ? code : 1;
    outcome->uses_record = outcome->uses_record_suggestions = 1;
    if (record->suggestions.n == 0) {
        suggest(outcome, is_syntax ? "Check the line that the message names and the one before it"
                                   : "Look at the traceback: its last line of the script is where the error arose");
    }
    if (record->message.len > 0) {
        return byte_buffer_append(&outcome->message, record->message.bytes, record->message.len);
    }
    if (is_syntax) {
        return say(outcome, "The script is not valid Python.");
    }
    int error = say(outcome, "The script raised ");
    error = error ? error : byte_buffer_append(&outcome->message, record->error_type.bytes, record->error_type.len);
    return error ? error : say(outcome, record->error_type.len > 0 ? "." : "an exception.");
}

static int judge_exit(const struct front_verdict *verdict, const struct run_record *record, struct outcome *outcome) {
    int code = verdict->exit_code;
    switch (record->kind) {
    case RECORD_RESULT:
    case RECORD_EXIT:
    case RECORD_NONE:
        if (code != 0) {
            return judge_status(record, code, outcome);
        }
        outcome->kind = OUTCOME_SUCCESS;
        return 0;
    case RECORD_MISSING_MAIN:
        return judge_missing_main(record, code, outcome);
    case RECORD_SYNTAX_ERROR:
    case RECORD_EXCEPTION:
        return judge_error(record, code, outcome);
    case RECORD_INVALID:
        break;
    }
    if (code != 0) {
        return judge_status(record, code, outcome);
    }
    outcome->kind = OUTCOME_RUNTIME_ERROR;
    outcome->return_code = 1;
    outcome->error_type = "InvalidResult";
    suggest(outcome, "Do not write to descriptors and memory that the script did not open itself");
    return say(outcome, "The script damaged the channel that its own result is handed over by.");
}

static int judge_internal(struct outcome *outcome) {
    outcome->kind = OUTCOME_INTERNAL_ERROR;
    outcome->return_code = 1;
    suggest(outcome, "Send the request again; if it fails again, tell the operator of the service the id");
    return say(outcome, "The service failed to run the script. This is not the script's fault.");
}

static int judge(const struct front_verdict *verdict, const struct run_record *record, const struct settings *settings,
                 struct outcome *outcome) {
    outcome->kind = OUTCOME_RESOURCE_LIMIT;
    switch ((enum verdict_cause)verdict->cause) {
    case VERDICT_EXITED:
        return judge_exit(verdict, record, outcome);
    case VERDICT_SIGNALED:
        /* The kernel's own limits end a process by signal. A script can send itself SIGXCPU, hence the look at the
         * clock; SIGXFSZ does nothing to a Python process, so what dies of it has met the limit. */
        if (verdict->signal == SIGXCPU && verdict->cpu_us >= settings->max_cpu_ms * 900u) {
            return judge_cpu(0, settings, outcome);
        }
        if (verdict->signal == SIGXFSZ) {
            return judge_file_size(settings, outcome);
        }
        return judge_signal(verdict, outcome);
    case VERDICT_TIMEOUT:
        return judge_timeout(verdict, record, settings, outcome);
    case VERDICT_MEMORY:
        return judge_memory(verdict, settings, outcome);
    case VERDICT_CPU:
        return judge_cpu(verdict->limit_value, settings, outcome);
    case VERDICT_PROCESSES:
        return judge_processes(verdict->limit_value, settings, outcome);
    case VERDICT_DISK:
        return judge_disk(verdict->limit_value, settings, outcome);
    case VERDICT_FILES:
        return judge_files(verdict->limit_value, settings, outcome);
    case VERDICT_CANCELLED:
    case VERDICT_INTERNAL:
        break;
    }
    return judge_internal(outcome);
}

int outcome_judge(const struct front_verdict *verdict, const struct run_record *record, const struct settings *settings,
                  struct outcome *ret_outcome) {
    struct outcome outcome = {0};
    int error = judge(verdict, record, settings, &outcome);
    if (error) {
        outcome_free(&outcome);
        return error;
    }
    *ret_outcome = outcome;
    return 0;
}

void outcome_free(struct outcome *outcome) {
    byte_buffer_free(&outcome->message);
}

const char *outcome_error(enum outcome_kind kind) {
    static const char *const names[] = {
        [OUTCOME_SUCCESS] = NULL,
        [OUTCOME_MISSING_MAIN] = "missing_main",
        [OUTCOME_SYNTAX_ERROR] = "syntax_error",
        [OUTCOME_RUNTIME_ERROR] = "runtime_error",
        [OUTCOME_TIMEOUT] = "timeout",
        [OUTCOME_RESOURCE_LIMIT] = "resource_limit",
        [OUTCOME_INTERNAL_ERROR] = "internal_error",
    };
    return names[kind];
}
