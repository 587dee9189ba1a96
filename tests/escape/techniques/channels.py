"""Lies to the service: forged, malformed, oversized, never-ending and repeated messages on everything that a sandbox
is handed. The answer has to stay within the contract, and never calls a killed run a success."""

from ..forge import *
from ..probe import *
from ..technique import forgery


def failed(error, **expected):
    """The run must be a failure of this kind."""

    def check(status, answer):
        assert status == 400 and answer["success"] is False, answer
        assert answer["error"] == error, answer
        for name, value in expected.items():
            assert answer.get(name) == value, answer
        assert "forged" not in answer["stdout"], answer

    return check


def not_a_success(status, answer):
    """A result that is none is the script's failure; it is no failure of the service."""
    assert status == 400 and answer["success"] is False and answer["error"] == "runtime_error", answer


def either_way(*results):
    """What the script says of itself it may say; but it has to be one of these, whole."""

    def check(status, answer):
        assert status in (200, 400), answer
        if status == 200:
            assert answer["result"] in results, answer
        else:
            assert answer["error"] == "runtime_error", answer

    return check


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


@forgery("timeout", failed("timeout", return_code=137), request={"timeout": 0.5})
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


@forgery("runtime_error", not_a_success)
def lengths_without_end():
    """Lengths of four gigabytes: the reader must not follow them."""
    Result().put(SUCCESS, "forged", record_len=0xFFFFFFFF, value_len=0xFFFFFFFF)
    os._exit(0)


@forgery("runtime_error", not_a_success)
def lengths_past_the_end():
    """Lengths that reach just beyond the memory, or from the record into the value."""
    Result().put(SUCCESS, "forged", record_len=(1 << 20) + 1, value_len=(8 << 20) + 1)
    os._exit(0)


@forgery("runtime_error", not_a_success)
def no_length_at_all():
    """complete=1 with nothing behind it."""
    Result().put(SUCCESS, "forged", record_len=0, value_len=0)
    os._exit(0)


@forgery("runtime_error", not_a_success)
def value_cut_in_the_middle():
    """A value that is half a JSON text: the answer must not be one that clients cannot parse."""
    Result().put(SUCCESS, b'{"a": [1, 2')
    os._exit(0)


@forgery("runtime_error", not_a_success)
def value_with_more_behind():
    """A value that closes the answer's object and opens another: injection into the response."""
    Result().put(SUCCESS, b'1, "success": false, "error": "internal_error", "x": 2')
    os._exit(0)


@forgery("runtime_error", not_a_success)
def value_of_wrong_bytes():
    """Invalid UTF-8, overlong forms and encoded surrogates in a value."""
    Result().put(SUCCESS, b'"\xc0\x80 \xed\xa0\x80 \xff"')
    os._exit(0)


@forgery("runtime_error", not_a_success)
def value_too_deep():
    """A million opening brackets: a reader that recurses runs out of stack."""
    Result().put(SUCCESS, b"[" * 1000000 + b"]" * 1000000)
    os._exit(0)


@forgery("runtime_error", not_a_success)
def value_not_a_number():
    """NaN and Infinity, which JSON does not have and many readers take."""
    Result().put(SUCCESS, b"[NaN, Infinity]")
    os._exit(0)


@forgery("runtime_error, or itself", either_way("a" * ((8 << 20) - 2)))
def value_of_full_size():
    """Exactly the most that fits."""
    Result().put(SUCCESS, b'"' + b"a" * ((8 << 20) - 2) + b'"')
    os._exit(0)


@forgery("runtime_error", not_a_success)
def record_of_nonsense():
    """Bytes that are no JSON where the record should be."""
    Result().put(bytes(range(256)) * 16, b"1")
    os._exit(0)


@forgery("runtime_error", not_a_success)
def record_of_an_unknown_kind():
    """A kind of result that nobody knows, and one that is not even a text."""
    Result().put({"kind": "internal_error", "message": "the service failed"}, b"1")
    os._exit(0)


@forgery("runtime_error", not_a_success)
def record_that_is_no_object():
    """A record that is an array of arrays."""
    Result().put(b"[[[[1]]]]", b"1")
    os._exit(0)


@forgery("runtime_error", not_a_success)
def record_with_wrong_types():
    """Every member of the record with a type that it does not have, and numbers beyond every integer."""
    wrong = {name: 7 for name in ("message", "error_type", "text", "traceback", "result_text", "suggestions")}
    Result().put({"kind": "exception", **wrong, "line": "x", "column": -1, "exit_code": 1e300, "available_functions": {"a": 1}}, b"")
    os._exit(0)


@forgery("runtime_error", not_a_success)
def record_with_huge_texts():
    """A record filled to its last byte by one message of control characters, which grow when they are escaped."""
    Result().put(b'{"kind": "exception", "message": "' + b"\\u0001" * 170000 + b'"}', b"")
    os._exit(0)


def claims_no_foreign_error(status, answer):
    """A script may lie about itself, but never in the name of the keeper or the service."""
    assert status == 400 and answer["error"] in ("runtime_error", "missing_main", "syntax_error"), answer
    assert "limit" not in answer, answer


@forgery("runtime_error", claims_no_foreign_error)
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


@forgery("runtime_error, a signal", not_a_success)
def result_memory_unmapped():
    """The memory is taken away before the runner writes into it."""
    LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    LIBC.munmap(find_mapping(), RESULT_SIZE)
    return "real"


def prompt_and_real(status, answer):
    assert status == 200 and answer["result"] == "real", answer
    assert answer["usage"]["wall_ms"] < 3000, answer["usage"]
    assert len(answer["stdout"]) < 2_000_000


@forgery("the run ends with main()", prompt_and_real)
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


@forgery("the run ends with main()", prompt_and_real)
def output_held_open():
    """A grandchild holds stdout and stderr open and says nothing."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
    return "real"


@forgery("the run ends with main()", prompt_and_real)
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


def one_answer(status, answer):
    assert status == 200 and answer["result"] == "real" and answer["success"] is True, answer
    assert answer["stdout"].count("HTTP/1.1 500") == 1


@forgery("it stays text", one_answer)
def response_in_the_output():
    """A whole HTTP response, an event of a stream and the end of a JSON text, written to stdout and stderr."""
    text = b'"}\r\n\r\n0\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}\n\nevent: done\ndata: {"success": false}\n\n\0'
    os.write(1, text)
    os.write(2, text)
    return "real"


def no_file_of_the_system(status, answer):
    assert status == 200 and answer["result"] == "real", answer
    for artifact in answer.get("artifacts", []):
        assert artifact["size"] < 100 and "root" not in artifact["path"], answer
        assert "cm9vdDp4OjA6" not in artifact["base64"], "the content of /etc/passwd came back"


@forgery("no link is followed", no_file_of_the_system)
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
