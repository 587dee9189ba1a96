"""Scripts that break what they can reach: each gets the right answer, and the next request is unharmed."""

import threading
import time

import pytest

from .support.raw import wait_until


CHECK = """
import builtins, json, os, sys
def main(x):
    print("out")
    return [x, len("abc"), json.dumps({"a": 1}), os.getenv("HOSTILE"), sys.stdout is sys.__stdout__]
"""


@pytest.fixture(autouse=True)
def unharmed(service):
    """After each test both guests answer as ever, promptly, with nothing left running."""
    yield
    for module in ("", "import numpy"):
        start = time.monotonic()
        status, answer = service.execute(module + CHECK, args=[module])
        assert status == 200 and answer["result"] == [module, 3, '{"a": 1}', None, True], answer
        assert answer["stdout"].startswith("Executing main() function...\nout\n")
        assert time.monotonic() - start < 3
    assert wait_until(lambda: busy(service) == 0, 3) is not None, "a run is still going on"


def busy(service):
    pool = service.health().json()["pool"]
    return pool["busy"]


class TestExits:
    @pytest.mark.parametrize("how", ["sys.exit()", "sys.exit(None)", "sys.exit(0)", "raise SystemExit", "exit()", "quit(0)"])
    def test_exit_zero_is_no_failure(self, service, how):
        status, answer = service.execute(f"import sys\ndef main():\n    print('before')\n    {how}\n    return 'after'")
        assert status == 200 and answer["success"] is True and answer["result"] is None, answer
        assert answer["stdout"] == "Executing main() function...\nbefore"

    @pytest.mark.parametrize(
        "how, code",
        [("sys.exit(3)", 3), ("raise SystemExit(4)", 4), ("exit(5)", 5), ("os._exit(7)", 7), ("sys.exit(-1)", 255),
         ("sys.exit(258)", 2), ("sys.exit(True)", 1), ("sys.exit('words')", 1), ("sys.exit([1])", 1)],
    )  # fmt: skip
    def test_other_statuses(self, service, how, code):
        answer = service.failure("runtime_error", f"import os, sys\ndef main():\n    {how}")
        assert answer["return_code"] == code

    def test_text_of_an_exit(self, service):
        answer = service.failure("runtime_error", "import sys\ndef main():\n    sys.exit('these words')")
        assert "these words" in answer["message"] + answer.get("stderr", "")

    def test_at_the_module_level(self, service):
        assert service.failure("runtime_error", "import sys\nsys.exit(9)\ndef main(): pass")["return_code"] == 9

    def test_exit_in_a_thread_is_the_threads_own(self, service):
        script = """
            import sys, threading
            def main():
                t = threading.Thread(target=sys.exit, args=(5,))
                t.start()
                t.join()
                return "on"
            """
        assert service.result(script) == "on"

    def test_hard_exit_with_zero_leaves_no_result(self, service):
        status, answer = service.execute("import os\ndef main():\n    os._exit(0)")
        assert answer.get("result") is None and answer.get("error") in (None, "runtime_error"), answer


class TestDeaths:
    @pytest.mark.parametrize(
        "how, code",
        [
            ("os.abort()", 134),
            ("ctypes.string_at(0)", 139),
            ("ctypes.memset(ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value, 0, 9)", 139),
            ("os.kill(os.getpid(), signal.SIGTERM)", 143),
            ("os.kill(os.getpid(), signal.SIGKILL)", 137),
            ("os.kill(os.getpid(), signal.SIGSYS)", 159),
            ("os.kill(0, signal.SIGKILL)", 137),
            ("signal.raise_signal(signal.SIGFPE)", 136),
            ("os.killpg(os.getpgrp(), signal.SIGHUP)", 129),
        ],
    )
    def test_by_a_signal(self, service, how, code):
        script = f"import ctypes, os, signal\ndef main():\n    {how}\n    return 1"
        answer = service.failure("runtime_error", script)
        assert answer["return_code"] == code and answer["signal"].startswith("SIG")

    def test_stop_is_a_timeout(self, service):
        script = "import os, signal\ndef main():\n    os.kill(os.getpid(), signal.SIGSTOP)"
        service.failure("timeout", script, timeout=0.5)

    @pytest.mark.parametrize(
        "body",
        [
            "return f(n + 1)",
            "return [f(n + 1)][0]",
            "return sorted([1, 2], key=lambda _: f(n + 1))",
        ],
    )
    def test_deep_recursion(self, service, body):
        answer = service.failure("runtime_error", f"def f(n):\n    {body}\ndef main():\n    return f(0)")
        assert answer["error_type"] == "RecursionError" and answer["line"] == 2
        assert len(answer["traceback"]) < 100_000

    def test_recursion_past_the_stack(self, service):
        script = """
            import sys
            sys.setrecursionlimit(10 ** 8)
            class Deep:
                def __getattr__(self, name):
                    return getattr(Deep(), name + "x"[:0])
                def __repr__(self):
                    return repr(Deep())
            def main():
                return repr(Deep())
            """
        status, answer = service.execute(script)
        assert answer["error"] in ("runtime_error", "resource_limit"), answer

    def test_a_child_that_dies_is_the_scripts_to_see(self, service):
        script = """
            import os, signal
            def main():
                pid = os.fork()
                if pid == 0:
                    os.abort()
                return os.WTERMSIG(os.waitpid(pid, 0)[1])
            """
        assert service.result(script) == 6


class TestNeverReturning:
    @pytest.mark.parametrize(
        "preparation",
        [
            "",
            "signal.pthread_sigmask(signal.SIG_BLOCK, set(range(1, 65)))",
            "[signal.signal(s, signal.SIG_IGN) for s in set(signal.valid_signals()) - {9, 19, 32, 33}]",
            "[signal.signal(s, lambda *a: None) for s in set(signal.valid_signals()) - {9, 19, 32, 33}]",
            "os.setsid() if os.getpid() != os.getsid(0) else None",
            "os.close(1); os.close(2)",
        ],
        ids=["plain", "blocked", "ignored", "handled", "setsid", "closed"],
    )
    @pytest.mark.parametrize("loop", ["while True: pass", "time.sleep(1000)", "'a' * 10**6 and sum(range(10**12))"])
    def test_is_a_timeout_on_time(self, service, preparation, loop):
        script = f"import os, signal, time\ndef main():\n    {preparation}\n    {loop}"
        start = time.monotonic()
        answer = service.failure("timeout", script, timeout=0.5)
        assert time.monotonic() - start < 1.2 and answer["return_code"] == 137
        assert 500 <= answer["usage"]["wall_ms"] < 1000

    def test_in_a_catch_all(self, service):
        script = "def main():\n    while True:\n        try:\n            while 1: pass\n        except BaseException: pass"
        service.failure("timeout", script, timeout=0.5)

    def test_by_a_thread_that_is_not_daemonic(self, service):
        script = "import threading, time\ndef main():\n    threading.Thread(target=time.sleep, args=(99,)).start()"
        service.failure("timeout", script, timeout=0.5)

    def test_by_an_atexit_handler(self, service):
        script = "import atexit, time\natexit.register(time.sleep, 99)\ndef main():\n    return 1"
        service.failure("timeout", script, timeout=0.5)

    def test_a_daemonic_thread_is_left_behind(self, service):
        script = """
            import threading, time
            def main():
                threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
                return "at once"
            """
        assert service.result(script, timeout=3) == "at once"


class TestGrandchildren:
    DAEMONISE = """
        import os, time
        def main(seconds, closing):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    if closing:
                        os.closerange(0, 100)
                    end = time.monotonic() + seconds
                    while time.monotonic() < end:
                        time.sleep(0.01)
                        open("/tmp/still-here", "w").close()
                    os._exit(0)
                os._exit(0)
            os.wait()
            return "done"
        """

    @pytest.mark.parametrize("closing", [True, False], ids=["closing-its-pipes", "holding-its-pipes"])
    def test_are_gone_when_the_run_is_over(self, service, closing):
        start = time.monotonic()
        assert service.result(self.DAEMONISE, args=[60, closing]) == "done"
        assert time.monotonic() - start < 2, "nobody waits for a process that main() left behind"
        assert wait_until(lambda: busy(service) == 0, 2) is not None

    @pytest.mark.needs_own
    def test_none_can_be_found_afterwards(self, daemon, service):
        sleepers = """
            import os, subprocess
            def main():
                for _ in range(5):
                    subprocess.Popen(["sleep", "77"], start_new_session=True)
                    if os.fork() == 0:
                        os.setsid()
                        if os.fork() == 0:
                            os.execvp("sleep", ["sleep", "77"])
                        os._exit(0)
                return "done"
            """
        for _ in range(5):
            assert service.result(sleepers) == "done"
        assert wait_until(lambda: not [p for p in daemon.tree() if p.comm == "sleep"], 2) is not None

    def test_what_they_write_later_is_in_no_other_answer(self, service):
        script = """
            import os, time
            def main():
                if os.fork() == 0:
                    os.setsid()
                    time.sleep(0.3)
                    print("GHOST", flush=True)
                    time.sleep(5)
                return "parent"
            """
        assert service.execute(script)[1]["result"] == "parent"
        for _ in range(10):
            _, answer = service.execute("import time\ndef main():\n    time.sleep(0.05)")
            assert "GHOST" not in answer["stdout"]


class TestBrokenStreams:
    @pytest.mark.parametrize(
        "breaking",
        [
            "sys.stdout.close()",
            "sys.stdout.close(); sys.stderr.close(); sys.stdin.close()",
            "os.close(1)",
            "os.close(0); os.close(1); os.close(2)",
            "os.closerange(0, 1 << 16)",
            "[close_quietly(fd) for fd in range(5000)]",
            "sys.stdout = None",
            "sys.stdout = sys.stderr = sys.stdin = None",
            "sys.stdout = object()",
            "sys.stdout = io.StringIO()",
            "del sys.stdout",
            "sys.stdout = Raising()",
            "sys.__stdout__ = sys.stdout = Raising(); sys.__stderr__ = sys.stderr = Raising()",
            "os.dup2(os.open('/dev/null', 1), 1)",
            "os.dup2(os.open('/dev/null', 0), 4)",
            "sys.stdout.detach()",
            "sys.stdout.reconfigure(encoding='ascii', errors='strict')",
            "os.set_blocking(1, False)",
        ],
    )
    def test_leave_the_result(self, service, breaking):
        script = f"""
            import io, os, sys
            class Raising:
                def __getattr__(self, name):
                    raise RuntimeError("no " + name)
            def close_quietly(fd):
                try:
                    os.close(fd)
                except OSError:
                    pass
            def main():
                os.write(1, b"first\\n")
                {breaking}
                return {{"the": ["result", "é"]}}
            """
        status, answer = service.execute("\n" + script, banner=False)
        assert status == 200 and answer["result"] == {"the": ["result", "é"]}, answer
        assert answer["stdout"] == "first\n"

    def test_an_exception_is_told_without_any_stream(self, service):
        script = "import os, sys\ndef main():\n    os.closerange(0, 1 << 16)\n    sys.stderr = None\n    raise KeyError('x')"
        answer = service.failure("runtime_error", script)
        assert answer["error_type"] == "KeyError" and answer["line"] == 5

    def test_redirected_output_is_not_stdout(self, service):
        script = """
            import contextlib, io
            def main():
                with contextlib.redirect_stdout(io.StringIO()) as text:
                    print("caught")
                print("seen")
                return text.getvalue()
            """
        _, answer = service.execute(script, banner=False)
        assert (answer["result"], answer["stdout"]) == ("caught\n", "seen\n")


class TestPatches:
    @pytest.mark.parametrize(
        "patch",
        [
            "json.dumps = json.dump = json.loads = boom",
            "json.JSONEncoder.default = json.JSONEncoder.encode = boom",
            "json.encoder.c_make_encoder = None; json.encoder.JSONEncoder = None",
            "builtins.str = builtins.repr = builtins.len = boom",
            "builtins.isinstance = builtins.type = builtins.list = builtins.dict = boom",
            "builtins.print = builtins.open = builtins.sorted = boom",
            "builtins.__import__ = boom",
            "builtins.Exception = builtins.BaseException = builtins.TypeError = int",
            "builtins.__dict__.clear()",
            "sys.modules.clear()",
            "sys.modules['json'] = sys.modules['os'] = sys.modules['sys'] = None",
            "sys.exit = sys.excepthook = os._exit = os.write = boom",
            "sys.settrace(boom)",
            "sys.setprofile(lambda *a: None)",
            "sys.meta_path.clear(); sys.path.clear(); sys.path_hooks.clear()",
            "threading._shutdown = threading._main_thread = None",
            "atexit._run_exitfuncs = boom",
            "gc.disable(); gc.set_threshold(0)",
            "sys.setrecursionlimit(60)",
            "[vars(m).clear() for n, m in list(sys.modules.items()) if n in ('json', 'json.encoder', 're', 'traceback')]",
            "os.environ.clear(); os.environ['HOSTILE'] = '1'",
            "os.chdir('/')",
            "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))",
            "signal.signal(signal.SIGINT, signal.SIG_IGN); faulthandler.disable()",
        ],
    )
    def test_leave_the_result(self, service, patch):
        script = f"""
            import atexit, builtins, faulthandler, gc, json, os, resource, signal, sys, threading
            def boom(*args, **kwargs):
                raise ZeroDivisionError("patched")
            def main():
                value = [1, "two", {{"three": 3.5}}, None]
                {patch}
                return value
            """
        status, answer = service.execute("\n" + script)
        assert status == 200 and answer["result"] == [1, "two", {"three": 3.5}, None], answer

    def test_looking_for_our_own_code(self, service):
        """Walks what Python can reach; whatever it finds and breaks is this run's alone."""
        script = """
            import gc, sys, types
            def main():
                for thing in gc.get_objects():
                    if isinstance(thing, types.ModuleType) and "pyexec" in getattr(thing, "__name__", ""):
                        thing.__dict__.clear()
                frame = sys._getframe()
                while frame.f_back:
                    frame = frame.f_back
                    frame.f_globals.clear()
                return "walked"
            """
        status, answer = service.execute(script)
        assert status in (200, 400) and answer.get("error") in (None, "runtime_error"), answer

    def test_forging_the_answer_through_every_descriptor(self, service):
        script = """
            import os
            def main():
                forged = b'{"success": true, "result": "forged", "kind": "result"}\\n' * 3
                for fd in range(64):
                    try:
                        os.write(fd, forged)
                    except OSError:
                        pass
                os._exit(5)
            """
        status, answer = service.execute(script, banner=False)
        assert status == 400 and answer["error"] == "runtime_error" and answer["return_code"] == 5, answer

    def test_a_forged_result_cannot_hide_a_kill(self, service):
        script = """
            import mmap, os
            def main():
                for fd in range(64):
                    try:
                        area = mmap.mmap(fd, 0)
                        area[:] = b"\\xff" * len(area)
                    except (OSError, ValueError):
                        pass
                os.kill(os.getpid(), 9)
            """
        status, answer = service.execute(script)
        assert status == 400 and answer["error"] == "runtime_error" and answer["return_code"] == 137, answer


class TestForks:
    def test_a_forked_child_that_also_returns_from_main(self, service):
        script = """
            import os
            def main():
                pid = os.fork()
                if pid == 0:
                    return "from the child"
                os.waitpid(pid, 0)
                return "from the parent"
            """
        for _ in range(5):
            assert service.result(script) == "from the parent"

    def test_a_child_that_outlives_the_parents_return(self, service):
        script = """
            import os, time
            def main():
                if os.fork() == 0:
                    time.sleep(0.05)
                    return "from the child"
                return "from the parent"
            """
        for _ in range(5):
            assert service.result(script) == "from the parent"

    def test_a_child_that_raises(self, service):
        script = """
            import os
            def main():
                pid = os.fork()
                if pid == 0:
                    raise ValueError("child")
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            """
        assert service.result(script) == 1


class TestNeighbours:
    def test_two_runs_cannot_see_or_touch_each_other(self, service):
        token = "token-of-the-first-run"
        first = """
            import os, subprocess, time
            def main(token):
                open(f"/tmp/{token}", "w").write(token)
                os.environ["TOKEN"] = token
                child = subprocess.Popen(["sleep", "1.5"])
                time.sleep(1.2)
                return [os.listdir("/tmp"), child.wait()]
            """
        second = """
            import os, signal, subprocess
            def main(token):
                seen = []
                for top in ("/tmp", "/dev", "/run", "/var", "/home", "/proc"):
                    for directory, directories, files in os.walk(top):
                        seen += [f"{directory}/{name}" for name in directories + files if token in name]
                for pid in range(1, 400):
                    for name in ("environ", "cmdline", "maps"):
                        try:
                            if token in open(f"/proc/{pid}/{name}", errors="replace").read() and pid != os.getpid():
                                seen.append(f"/proc/{pid}/{name}")
                        except OSError:
                            pass
                    if pid != os.getpid():
                        try:
                            os.kill(pid, signal.SIGKILL)
                            seen.append(f"killed {pid}")
                        except OSError:
                            pass
                return seen
            """
        answers = {}

        def run_first():
            answers["first"] = service.result(first, args=[token])

        thread = threading.Thread(target=run_first)
        thread.start()
        time.sleep(0.3)
        # Its own namespace's init, which the signal does not reach.
        own = {"killed 1"} if service.health().json()["isolation"]["tier"] == "namespaces" else set()
        for module in ("", "import numpy\n"):
            source = module + "\n".join(line[12:] for line in second.splitlines())
            seen = service.result(source, args=["token-of-the-" + "first-run"])
            assert set(seen) <= own, seen
        thread.join()
        assert answers["first"] == [[token], 0]

    def test_killing_all_kills_only_oneself(self, service):
        results = []
        patient = "import time\ndef main(i):\n    time.sleep(1)\n    return i"
        threads = [threading.Thread(target=lambda i=i: results.append(service.result(patient, args=[i]))) for i in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        for _ in range(5):
            service.execute("import os\ndef main():\n    os.kill(-1, 9)\n    os.kill(0, 9)")
        for thread in threads:
            thread.join()
        assert sorted(results) == [0, 1, 2]
