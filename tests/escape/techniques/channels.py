"""Lies to the service: forged, malformed, oversized, never-ending and repeated messages on everything that a sandbox
is handed. The answer has to stay within the contract, and never calls a killed run a success."""

from ..forge import *
from ..probe import *
from ..technique import forgery


def failed(error, **expected):
    """The run must be a failure of this kind."""
    return {"errors": [error], "members": expected, "not_in_answer": ["forged"]}


# A result that is none is the script's failure; it is no failure of the service.
NOT_A_SUCCESS = {"errors": ["runtime_error"]}


def either_way(*results):
    """One of these, or a failure of the script's."""
    return {"results": list(results), "errors": ["runtime_error"]}


@forgery("runtime_error, signal SIGABRT", failed("runtime_error", return_code=134))
def success_before_a_crash():
    """A whole and valid success in the result's memory, complete=1, and then the process crashes."""
    Result().put(SUCCESS, "forged")
    os.abort()


@forgery("runtime_error, signal SIGKILL", failed("runtime_error", return_code=137))
def success_before_a_kill():
    """The same, ended by SIGKILL, which is what a kill by the keeper looks like."""
    Result().put(SUCCESS, "forged")
    os.kill(os.getpid(), signal.SIGKILL)


# Long enough to find the memory on a busy machine: else the line that forges is still running, and quoted.
@forgery("timeout", failed("timeout", return_code=137), request={"timeout": 3})
def success_before_the_deadline():
    """The same, and then the run goes on for ever with all signals blocked."""
    Result().put(SUCCESS, "forged")
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        pass


@forgery("runtime_error, status 3", failed("runtime_error", return_code=3))
def success_before_a_bad_exit():
    """The same, and then an exit with another status than 0 (forms-backend#145: a forged verdict)."""
    Result().put(SUCCESS, "forged")
    os._exit(3)


@forgery("resource_limit", failed("resource_limit"), request={"memory_mb": 128})
def success_before_memory_runs_out():
    """The same, and then the memory limit."""
    Result().put(SUCCESS, "forged")
    held = []
    while True:
        held.append(b"x" * (1 << 20))


@forgery("runtime_error", NOT_A_SUCCESS)
def lengths_without_end():
    """Lengths of four gigabytes: the reader must not follow them."""
    Result().put(SUCCESS, "forged", record_len=0xFFFFFFFF, value_len=0xFFFFFFFF)
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def lengths_past_the_end():
    """Lengths that reach just beyond the memory, or from the record into the value."""
    Result().put(SUCCESS, "forged", record_len=(1 << 20) + 1, value_len=(8 << 20) + 1)
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def no_length_at_all():
    """complete=1 with nothing behind it."""
    Result().put(SUCCESS, "forged", record_len=0, value_len=0)
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def value_cut_in_the_middle():
    """A value that is half a JSON text: the answer must not be one that clients cannot parse."""
    Result().put(SUCCESS, b'{"a": [1, 2')
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def value_with_more_behind():
    """A value that closes the answer's object and opens another: injection into the response."""
    Result().put(SUCCESS, b'1, "success": false, "error": "internal_error", "x": 2')
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def value_of_wrong_bytes():
    """Invalid UTF-8, overlong forms and encoded surrogates in a value."""
    Result().put(SUCCESS, b'"\xc0\x80 \xed\xa0\x80 \xff"')
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def value_too_deep():
    """A million opening brackets: a reader that recurses runs out of stack."""
    Result().put(SUCCESS, b"[" * 1000000 + b"]" * 1000000)
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def value_not_a_number():
    """NaN and Infinity, which JSON does not have and many readers take."""
    Result().put(SUCCESS, b"[NaN, Infinity]")
    os._exit(0)


@forgery("runtime_error, or itself", either_way({"repeat": "a", "times": (8 << 20) - 2}))
def value_of_full_size():
    """Exactly the most that fits."""
    Result().put(SUCCESS, b'"' + b"a" * ((8 << 20) - 2) + b'"')
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def record_of_nonsense():
    """Bytes that are no JSON where the record should be."""
    Result().put(bytes(range(256)) * 16, b"1")
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def record_of_an_unknown_kind():
    """A kind of result that nobody knows, and one that is not even a text."""
    Result().put({"kind": "internal_error", "message": "the service failed"}, b"1")
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def record_that_is_no_object():
    """A record that is an array of arrays."""
    Result().put(b"[[[[1]]]]", b"1")
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def record_with_wrong_types():
    """Every member of the record with a type that it does not have, and numbers beyond every integer."""
    wrong = {name: 7 for name in ("message", "error_type", "text", "traceback", "result_text", "suggestions")}
    Result().put({"kind": "exception", **wrong, "line": "x", "column": -1, "exit_code": 1e300, "available_functions": {"a": 1}}, b"")
    os._exit(0)


@forgery("runtime_error", NOT_A_SUCCESS)
def record_with_huge_texts():
    """A record filled to its last byte by one message of control characters, which grow when they are escaped."""
    Result().put(b'{"kind": "exception", "message": "' + b"\\u0001" * 170000 + b'"}', b"")
    os._exit(0)


# A script may lie about itself, but never in the name of the keeper or the service.
NO_FOREIGN_ERROR = {"errors": ["runtime_error", "missing_main", "syntax_error"], "absent": ["limit"]}


@forgery("runtime_error", NO_FOREIGN_ERROR)
def record_that_claims_a_limit():
    """A script that says of itself that the service ended it: blame, and a retry at somebody else's cost."""
    Result().put({"kind": "exception", "error": "timeout", "error_type": "timeout", "limit": {"name": "timeout"}, "message": "m"}, b"")
    os._exit(1)


@forgery("runtime_error, or itself", either_way("real", "forged"))
def header_of_rubbish():
    """Magic number, phase and banner flag overwritten, then an honest return."""
    for index in (0, 1, 2):
        Result().header[index] = 0xA5A5A5A5
    return "real"


@forgery("itself, whole", either_way("real", "forged"))
def child_that_writes_after_the_end():
    """A forked child rewrites the result for as long as it lives, also while front reads it."""
    result = Result()
    if os.fork() == 0:
        os.setsid()
        while True:
            result.put(SUCCESS, "forged")
            result.put(SUCCESS, b'"for', value_len=0xFFFFFFFF, record_len=0xFFFFFFFF)
    return "real"


@forgery("itself, whole", either_way("real"))
def child_that_returns_from_main():
    """A forked child returns from main() as well, earlier than its parent (row 20)."""
    if os.fork() == 0:
        return "forged"
    os.wait()
    return "real"


@forgery("itself, whole", either_way("real", "forged"))
def result_replayed():
    """The runner's own functions called by the script, twice and out of turn, before the honest return."""
    native = find_native()
    for _ in range(3):
        native.encode_result("forged", 1 << 20)
        native.finish({"kind": "result"}, True)
    return "real"


@forgery("runtime_error, a signal", NOT_A_SUCCESS)
def result_memory_unmapped():
    """The memory is taken away before the runner writes into it."""
    LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    LIBC.munmap(find_mapping(), RESULT_SIZE)
    return "real"


PROMPT_AND_REAL = {"results": ["real"], "max_wall_ms": 3000, "max_stdout": 2_000_000}


@forgery("the run ends with main()", PROMPT_AND_REAL)
def output_that_never_ends():
    """Grandchildren in sessions of their own fill stdout after main() has returned: who waits for the pipe's end waits
    for ever (piston#196, #624)."""
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            while True:
                os.write(1, b"more\n" * 1000)
    return "real"


@forgery("the run ends with main()", PROMPT_AND_REAL)
def output_held_open():
    """A grandchild holds stdout and stderr open and says nothing."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
    return "real"


@forgery("the run ends with main()", PROMPT_AND_REAL)
def output_closed_and_filled_elsewhere():
    """stdout closed, its number filled by a pipe of the script's own that is full."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(65536))
    except BlockingIOError:
        pass
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    return "real"


ONE_ANSWER = {"results": ["real"], "once": "HTTP/1.1 500"}


@forgery("it stays text", ONE_ANSWER)
def response_in_the_output():
    """A whole HTTP response, an event of a stream and the end of a JSON text, written to stdout and stderr."""
    text = b'"}\r\n\r\n0\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}\n\nevent: done\ndata: {"success": false}\n\n\0'
    os.write(1, text)
    os.write(2, text)
    return "real"


# The beginning of /etc/passwd in base64, and what is behind the link "root".
NO_FILE_OF_THE_SYSTEM = {"results": ["real"], "not_in_answer": ["cm9vdDp4OjA6", "/root", "root/"]}


# What is behind the first frame that may not be is not read at all.
NO_FORGED_ARTIFACT = {"results": ["real"], "not_in_answer": ["cron.d", "huge", "aaaaaaaa"]}


@forgery("what is within the rules", NO_FORGED_ARTIFACT)
def artifacts_forged():
    """The log of artifacts written by the script: a good frame, then a path that climbs, lengths that lie, and a length of
    the log that goes on changing while a run is streamed or read."""
    result = Result()

    def frame(path, size, content=b"", kind=1, magic=0x70796172):
        path_len = len(path)
        return struct.pack("IIIIQ", magic, kind, 0, path_len, size) + path + bytes(-path_len % 8) + content + bytes(-len(content) % 8)

    log = frame(b"honest", 1, b"x") + frame(b"../../../etc/cron.d/x", 1, b"x") + frame(b"huge", 1 << 62)
    log += frame(b"a" * 100, 0xFFFFFFFFFFFFFFF0) + b"\xff" * 4096
    ctypes.memmove(result.base + ARTIFACTS_OFFSET, log, len(log))
    ctypes.c_uint64.from_address(result.base + 24).value = len(log)
    return "real"


@forgery("no link is followed", NO_FILE_OF_THE_SYSTEM)
def links_for_whoever_collects():
    """Links, named pipes and endless trees where files are collected from (Judge0 CVE-2024-28185, CVE-2024-28189)."""
    for directory in (".", "output", "outputs", "out", "artifacts", "/tmp/output"):
        os.makedirs(directory, exist_ok=True)
        for name, target in (("passwd.txt", "/etc/passwd"), ("up.txt", "../../../../etc/passwd"), ("root", "/"), ("loop", ".")):
            try:
                os.symlink(target, f"{directory}/{name}")
            except FileExistsError:
                pass
        if not os.path.exists(f"{directory}/pipe.txt"):
            os.mkfifo(f"{directory}/pipe.txt")
    return "real"


@forgery("itself, whole", either_way("forged"))
def written_by_hand():
    """The control of all the others here: a result that is well formed, in the place where it belongs, and an exit
    with status 0. It is the script's to say, and shows that the probe finds the place."""
    Result().put(SUCCESS, "forged")
    os._exit(0)
