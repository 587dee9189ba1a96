"""How a script runs and ends: modes, banner, streams, exits, signals, forks."""

import textwrap

import pytest

BANNER = "Executing main() function...\n"


def script(text):
    return textwrap.dedent(text).lstrip("\n")


def result_of(guest, text, **request):
    outcome = guest.run(script(text), **request)
    assert outcome.kind == "result", outcome
    assert outcome.status == 0, outcome
    return outcome.result


def test_hello(lean):
    outcome = lean.run("def main():\n    return 'Hello, World!'")
    assert outcome.status == 0
    assert outcome.record == {"kind": "result", "result_text": "Hello, World!"}
    assert outcome.value_text == '"Hello, World!"'
    assert outcome.stdout == BANNER
    assert outcome.banner_written == 1
    assert outcome.phase == 3


def test_module_output_comes_before_the_banner(lean):
    outcome = lean.run("import os\nprint('a', end='')\nos.write(1, b'b')\ndef main():\n    print('c')")
    assert outcome.stdout in ("ab" + BANNER + "c\n", "ba" + BANNER + "c\n")
    assert "result_text" not in outcome.record


def test_without_banner(lean):
    outcome = lean.run("def main():\n    print('x')\n    return 5", banner=False)
    assert outcome.stdout == "x\n"
    assert outcome.record == {"kind": "result"}
    assert outcome.banner_written == 0


def test_result_text_is_cut(lean):
    outcome = lean.run("def main():\n    return 'x' * 1001")
    assert outcome.record["result_text"] == "x" * 1000 + "…"
    assert lean.run("def main():\n    return 'x' * 1000").record["result_text"] == "x" * 1000


def test_arguments(lean):
    big = "1" * 6000
    outcome = lean.run("def main(*a, **k):\n    return [a, k]", args=f'[1, {big}, "é"]'.encode(), kwargs=b'{"x": 1.5}')
    assert outcome.value_text == f'[[1,{big},"é"],{{"x":1.5}}]'


def test_stdin(lean):
    text = "import sys\ndef main():\n    return [input(), sys.stdin.readline(), sys.stdin.read()]"
    assert lean.run(text, stdin="a\nü\nc\nd".encode()).result == ["a", "ü\n", "c\nd"]
    outcome = lean.run("def main():\n    input()")
    assert outcome.record["error_type"] == "EOFError"
    assert "stdin" in outcome.record["suggestions"][0]


def test_stdin_of_a_subprocess(lean):
    text = "import subprocess\ndef main():\n    return subprocess.check_output(['cat']).decode()"
    assert lean.run(text, stdin=b"for the cat").result == "for the cat"


def test_files_and_imports(lean):
    text = """
        import helper, package.deep.inner, os
        def main():
            return [helper.x, package.deep.inner.y, open('data/in.txt').read(), os.getcwd(), __file__, __name__]
    """
    files = {"helper.py": b"x = 1", "package/deep/inner.py": b"y = 2", "data/in.txt": "ü".encode()}
    assert result_of(lean, text, files=files) == [1, 2, "ü", "/tmp", "/tmp/script.py", "script"]


@pytest.mark.parametrize("path", ["../x", "/x", "a/../b", "", "a//b", "a/", "."])
def test_bad_file_paths_are_refused(lean, path):
    outcome = lean.run("def main(): return 1", files={path: b""})
    assert outcome.status == 1
    assert outcome.record["error_type"] == "OSError"


def test_files_that_collide(lean):
    outcome = lean.run("def main(): return 1", files={"a": b"", "a/b": b""})
    assert outcome.record["error_type"] in ("NotADirectoryError", "OSError")


def test_environment(lean):
    text = """
        import os, time
        def main():
            return [dict(os.environ), time.strftime('%H', time.localtime(0)), os.popen('echo $EXTRA').read()]
    """
    environ, hour, echoed = result_of(lean, text, env={"EXTRA": "ü", "TZ": "Asia/Tokyo"})
    assert environ["EXTRA"] == "ü" and environ["HOME"] == environ["TMPDIR"] == environ["PWD"] == "/tmp"
    assert environ["LANG"] == "C.UTF-8" and environ["PATH"] == "/usr/local/bin:/usr/bin:/bin"
    assert hour == "09"
    assert echoed == "ü\n"


def test_mode_script(lean):
    assert result_of(lean, "import math\nx = 4\nmath.sqrt(x)", mode="script") == 2.0
    assert result_of(lean, "x = 4", mode="script") is None
    assert result_of(lean, "", mode="script") is None
    assert result_of(lean, "'doc'", mode="script") == "doc"
    assert result_of(lean, "'''doc'''\n__doc__", mode="script") == "doc"
    assert result_of(lean, "__name__", mode="script") == "__main__"
    assert result_of(lean, "if __name__ == '__main__':\n    x = 5\nx;", mode="script") == 5
    outcome = lean.run("print('x')\n[1, 2]", mode="script")
    assert outcome.stdout == "x\n" and outcome.record == {"kind": "result"}
    text = "from __future__ import annotations\ndef f(x: Missing): pass\n(lambda: 1)() + len(f.__annotations__)"
    assert result_of(lean, text, mode="script") == 2
    outcome = lean.run("x = 1\n\nx / 0", mode="script")
    assert outcome.record["line"] == 3 and "x / 0\n    ~~^~~" in outcome.record["traceback"]


def test_async_main(lean):
    assert result_of(lean, "import asyncio\nasync def main(n=3):\n    await asyncio.sleep(0)\n    return n") == 3
    awaitable = """
        class A:
            def __await__(self):
                yield from ()
                return 7
        def main():
            return A()
    """
    assert result_of(lean, awaitable) == 7
    outcome = lean.run("async def main():\n    return 1 / 0")
    assert outcome.record["line"] == 2
    assert outcome.record["traceback"].count("File") == 1


def test_main_is_called_once(lean):
    text = "calls = []\ndef main():\n    calls.append(1)\n    return len(calls)\nif __name__ == '__main__':\n    main()"
    assert result_of(lean, text) == 1


def test_missing_main(lean):
    text = """
        from os.path import join
        import functools
        def other_function(): pass
        def _private(): pass
        async def task(): pass
        named = lambda: 0
        @functools.lru_cache
        def cached(): pass
        class Thing: pass
        alias = len
    """
    outcome = lean.run(script(text))
    assert outcome.status == 1
    assert outcome.record == {
        "kind": "missing_main",
        "message": "Script must contain a main() function as the entry point.",
        "suggestions": [
            "Add a main() function to your script",
            "Example: def main():\n    # Your code here\n    return 'success'",
        ],
        "available_functions": ["other_function", "task", "named", "cached"],
    }
    assert outcome.stdout == "" and outcome.banner_written == 0


@pytest.mark.parametrize(
    "text, word",
    [
        ("class A:\n    def main(self): pass", "class A"),
        ("if __name__ == '__main__':\n    def main(): pass", "__name__"),
        ("main = 5", "int"),
        ("def solve(): pass", "solve"),
        ("def Main(): pass", "Main"),
    ],
)
def test_missing_main_that_is_nearly_there(lean, text, word):
    outcome = lean.run(text)
    assert outcome.kind == "missing_main" and word in outcome.record["suggestions"][2]


@pytest.mark.parametrize("call, status", [("sys.exit()", 0), ("sys.exit(0)", 0), ("sys.exit(3)", 3),
                                          ("sys.exit(-1)", 255), ("sys.exit(True)", 1), ("raise SystemExit", 0),
                                          ("exit(4)", 4)])
def test_exit(lean, call, status):
    outcome = lean.run(f"import sys\ndef main():\n    print('x')\n    {call}")
    assert outcome.status == status
    assert outcome.kind == "exit" and outcome.record["exit_code"] == status
    assert outcome.stdout == BANNER + "x\n"


def test_exit_with_a_text(lean):
    outcome = lean.run("import sys\nsys.exit('gone wrong')\ndef main(): pass")
    assert outcome.status == 1 and outcome.record["message"] == "gone wrong"
    assert outcome.stderr == "gone wrong\n"


@pytest.mark.parametrize(
    "text, status",
    [
        ("import os\ndef main():\n    print('x')\n    os._exit(7)", 7),
        ("import os\ndef main():\n    print('x')\n    os.abort()", -6),
        ("import os, signal\ndef main():\n    print('x')\n    os.kill(os.getpid(), signal.SIGTERM)", -15),
        ("import ctypes\ndef main():\n    print('x')\n    ctypes.string_at(0)", -11),
    ],
)
def test_abrupt_ends(lean, text, status):
    outcome = lean.run(text)
    assert outcome.status == status
    assert outcome.stdout == BANNER + "x\n"
    assert not outcome.complete and outcome.phase == 2


def test_output_before_a_kill_is_kept(lean):
    outcome = lean.run("def main():\n    print('partial')\n    while True: pass", timeout=0.5)
    assert outcome.status == -9 and outcome.stdout == BANNER + "partial\n" and outcome.phase == 2


def test_end_of_python(lean):
    text = """
        import atexit, threading, time
        def late():
            time.sleep(0.1)
            print('thread')
        def main():
            atexit.register(print, 'atexit')
            threading.Thread(target=late).start()
            print('no newline', end='')
            return 1
    """
    outcome = lean.run(script(text))
    assert outcome.stdout == BANNER + "no newlinethread\natexit\n"
    assert outcome.result == 1


def test_daemon_threads_do_not_hold_the_end(lean):
    text = """
        import threading, time
        def main():
            threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
            return 'done'
    """
    outcome = lean.run(script(text), timeout=5)
    assert outcome.status == 0 and outcome.result == "done" and outcome.seconds < 3


def test_only_the_first_process_has_a_result(lean):
    text = """
        import os, sys
        def main():
            pid = os.fork()
            if pid == 0:
                print('child')
                return 'from the child'
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    """
    outcome = lean.run(script(text))
    assert outcome.result == 0 and outcome.stdout == BANNER + "child\n"


def test_a_forked_child_that_fails_or_exits(lean):
    text = """
        import os, sys
        def main():
            statuses = []
            for way in (0, 1):
                pid = os.fork()
                if pid == 0:
                    if way:
                        sys.exit(9)
                    raise ValueError('in the child')
                statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            return statuses
    """
    outcome = lean.run(script(text))
    assert outcome.result == [1, 9]
    assert "ValueError: in the child" in outcome.stderr


def test_fork_at_the_module_level(lean):
    text = "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\ndef main():\n    return bool(pid)"
    outcome = lean.run(text)
    assert outcome.result is True and outcome.stdout == BANNER


@pytest.mark.parametrize("guest", ["lean", "data"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("import atexit\n    atexit.register(print, 'handler')", "handler\n"),
        # As many exit handlers as before, and yet another one.
        ("import atexit, logging\n    atexit.unregister(logging.shutdown)\n    atexit.register(print, 'handler')",
         "handler\n"),
        ("import logging.handlers, sys\n    target = logging.StreamHandler(sys.stdout)\n"
         "    memory = logging.handlers.MemoryHandler(99, target=target)\n"
         "    logging.getLogger().addHandler(memory)\n    logging.getLogger().warning('kept back')", "kept back\n"),
        ("import weakref\n    global thing\n    class Thing: pass\n    thing = Thing()\n"
         "    weakref.finalize(thing, print, 'finalized')", "finalized\n"),
        ("import multiprocessing.util\n    multiprocessing.util.Finalize(None, print, ('finalizer',), exitpriority=1)",
         "finalizer\n"),
        ("import multiprocessing, time\n"
         "    multiprocessing.get_context('fork').Process(target=lambda: (time.sleep(0.1), print('child'))).start()",
         "child\n"),
        ("import concurrent.futures, time\n    pool = concurrent.futures.ThreadPoolExecutor(1)\n"
         "    pool.submit(lambda: (time.sleep(0.1), print('worker')))", "worker\n"),
        ("import threading\n    threading._register_atexit(print, 'threads end')", "threads end\n"),
        ("import threading\n    threading._shutdown = lambda: print('replaced')", "replaced\n"),
        ("import sys\n    sys.stdout.reconfigure(line_buffering=False)\n    print('flushed')", "flushed\n"),
    ],
)
def test_what_the_end_of_python_does(request, guest, body, expected):
    outcome = request.getfixturevalue(guest).run(f"def main():\n    {body}")
    assert outcome.kind == "result" and outcome.stdout == BANNER + expected


@pytest.mark.parametrize("guest", ["lean", "data"])
@pytest.mark.parametrize(("more", "expected"), [("pass", ""), ("atexit.register(int)", "full\n")])
def test_ends_with_nothing_to_do_are_left_out(request, guest, more, expected):
    text = f"""
        import atexit, logging, os
        def main():
            logging.lastResort.flush = lambda: os.write(1, b'full\\n')
            {more}
    """
    stdout = request.getfixturevalue(guest).run(script(text)).stdout
    assert stdout[: len(BANNER + expected)] == BANNER + expected and bool(stdout[len(BANNER) :]) == bool(expected)


def test_the_thread_knows_its_id(lean):
    outcome = lean.run("import threading\ndef main():\n"
                       "    return threading.main_thread().native_id == threading.get_native_id()")
    assert outcome.result is True


def test_nothing_of_a_rehearsal_or_of_the_guest_is_seen(lean):
    text = """
        import sys, os, gc, random, inspect, linecache, warnings, builtins
        def main():
            names = sorted(name for name in sys.modules if 'pyexec' in name or 'rehearsal' in name)
            frames = [frame.filename for frame in inspect.stack()]
            fds = []
            for fd in range(64):
                try:
                    os.fstat(fd)
                except OSError:
                    continue
                fds.append(fd)
            return [names, frames, fds, os.listdir('/tmp'), sys.argv, sys.path[0], sorted(linecache.cache),
                    vars(builtins).get('_')]
    """
    names, frames, fds, listing, argv, path, cached, last = result_of(lean, text)
    assert names == [] and frames == ["script.py"] and fds == [0, 1, 2]
    assert listing == [] and argv == ["script.py"] and path == "/tmp" and last is None
    assert all("rehearsal" not in name and "pyexec" not in name for name in cached)


def test_random_state_is_fresh(lean):
    text = """
        import random, uuid, secrets, ssl, tempfile, multiprocessing, os
        def main():
            return [random.random(), str(uuid.uuid4()), str(uuid.uuid1()), secrets.token_hex(8), ssl.RAND_bytes(8),
                    tempfile.mktemp(), multiprocessing.current_process().authkey]
    """
    first, second = result_of(lean, text), result_of(lean, text)
    assert all(a != b for a, b in zip(first, second))


def test_the_guest_survives(lean):
    assert lean.run("import os, signal\nos.kill(os.getppid(), 0)\ndef main(): pass").status in (0, 1)
    assert lean.run("def main():\n    return 1").result == 1


def test_control_closed_without_a_request(lean):
    import os
    import fake_keeper

    sandbox = fake_keeper.Sandbox(lean)
    sandbox.control.close()
    assert os.waitpid(sandbox.pid, 0)[1] == 0


def test_half_a_request(lean):
    import os
    import fake_keeper

    sandbox = fake_keeper.Sandbox(lean)
    sandbox.control.sendall(b"x" * 40)
    sandbox.control.close()
    assert os.waitstatus_to_exitcode(os.waitpid(sandbox.pid, 0)[1]) == 72
