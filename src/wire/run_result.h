/* The memory a sandbox leaves its result in: a memfd of RUN_RESULT_SIZE bytes, sealed against change of size, mapped
 * shared by the sandbox, read by front with pread(2) only after the keeper's verdict. What is judged is a copy: a
 * memory holder that a script took over may write to it a little longer. Unwritten parts read as zeros.
 *
 * Everything in it is a claim of the sandbox's. What ended the run is in the keeper's verdict alone.
 *
 * The record is a JSON object of these members, all but `kind` left out where they do not apply:
 *   kind          "result" | "exit" | "missing_main" | "syntax_error" | "exception"
 *   message       text for people, at most 64 KiB
 *   error_type    name of the exception's class ("ZeroDivisionError", "UnserializableResult")
 *   line, column  in the user's source, from 1
 *   text          the source line (syntax_error)
 *   traceback     the user's frames as CPython prints them, at most 256 KiB
 *   suggestions, available_functions    arrays of texts
 *   result_text   str(result) as the banner mode appends it to stdout, already cut; absent when the result is None
 *   exit_code     for "exit": the status sys.exit() asked for; message holds the text of sys.exit("text")
 * "result" means that the value holds the JSON text of main()'s return value.
 *
 * Behind the value come the artifacts, see artifact_log.h: these front may read earlier.
 */
#ifndef PYEXEC_WIRE_RUN_RESULT_H
#define PYEXEC_WIRE_RUN_RESULT_H

#include <stdint.h>

#define RUN_RESULT_MAGIC 0x70797273u /* "pyrs" */
#define RUN_RESULT_HEADER_BYTES 4096u
#define RUN_RESULT_RECORD_MAX (1u << 20)
#define RUN_RESULT_VALUE_MAX (8u << 20)
#define RUN_RESULT_RECORD_OFFSET RUN_RESULT_HEADER_BYTES
#define RUN_RESULT_VALUE_OFFSET (RUN_RESULT_RECORD_OFFSET + RUN_RESULT_RECORD_MAX)
#define RUN_RESULT_ARTIFACTS_MAX (32u << 20)
#define RUN_RESULT_ARTIFACTS_OFFSET (RUN_RESULT_VALUE_OFFSET + RUN_RESULT_VALUE_MAX)
#define RUN_RESULT_SIZE (RUN_RESULT_ARTIFACTS_OFFSET + RUN_RESULT_ARTIFACTS_MAX)

enum run_phase {
    RUN_PHASE_WAITING = 0, /* no request read yet */
    RUN_PHASE_MODULE = 1,  /* the module level runs */
    RUN_PHASE_MAIN = 2,    /* main() runs; the banner, if any, has been due */
    RUN_PHASE_ENDING = 3,  /* main() is over: threads, atexit handlers */
};

struct run_result_header {
    uint32_t magic;          /* RUN_RESULT_MAGIC once the sandbox has a request */
    uint32_t phase;          /* enum run_phase */
    uint32_t banner_written; /* 1 when the banner line went to file descriptor 1 */
    uint32_t complete;       /* 1, written last, when record_len and value_len are valid */
    uint32_t record_len;     /* bytes at RUN_RESULT_RECORD_OFFSET */
    uint32_t value_len;      /* bytes at RUN_RESULT_VALUE_OFFSET */
    uint64_t artifacts_used; /* bytes at RUN_RESULT_ARTIFACTS_OFFSET; grows by whole frames, whether complete or not */
};

#endif
