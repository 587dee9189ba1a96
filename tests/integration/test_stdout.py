"""stdout and stderr are what reached the descriptors: whole, in order, capped, and never lost."""

import re

import pytest

BANNER = "Executing main() function..."
CAP = 1 << 20


def output(service, script, **fields):
    return service.execute(script, **fields)[1]["stdout"]


class TestBanner:
    @pytest.mark.parametrize(
        "script, stdout",
        [
            ("def main():\n    return None", BANNER),
            ("def main():\n    return 0", f"{BANNER}\n0"),
            ("def main():\n    return False", f"{BANNER}\nFalse"),
            ("def main():\n    return ''", BANNER),
            ("def main():\n    return [1, 'x']", f"{BANNER}\n[1, 'x']"),
            ("def main():\n    return {'a': None}", f"{BANNER}\n{{'a': None}}"),
            ("def main():\n    return 'two\\nlines'", f"{BANNER}\ntwo\nlines"),
            ("def main():\n    print('a\\n\\n\\n')", f"{BANNER}\na"),
            ("def main():\n    print('a')\n    return 'b\\n\\n'", f"{BANNER}\na\nb"),
            ("print('m1')\nprint('m2')\ndef main():\n    print('x')\n    return 1", f"m1\nm2\n{BANNER}\nx\n1"),
            ("def main():\n    print()\n    print('  a  ')", f"{BANNER}\n\n  a  "),
            ("def main():\n    return 1 / 8", f"{BANNER}\n0.125"),
        ],
    )
    def test_reads_as_the_seed_documents_it(self, service, script, stdout):
        assert output(service, script) == stdout

    def test_str_of_the_result_not_its_json(self, service):
        script = "import decimal\ndef main():\n    return (decimal.Decimal('1.5'), b'x')"
        assert output(service, script) == f"{BANNER}\n(Decimal('1.5'), b'x')"

    def test_str_is_cut_at_a_thousand_characters(self, service):
        assert output(service, "def main():\n    return 'é' * 1000") == f"{BANNER}\n" + "é" * 1000
        cut = output(service, "def main():\n    return 'é' * 1001").removeprefix(f"{BANNER}\n")
        assert cut.endswith("…") and len(cut) in (1000, 1001) and set(cut[:-1]) == {"é"}
        assert service.result("def main():\n    return 'x' * 5000") == "x" * 5000

    def test_a_str_that_raises_leaves_the_result(self, service):
        script = """
            class Quiet(list):
                def __str__(self):
                    raise RuntimeError("no")
                __repr__ = __str__
            def main():
                print("said")
                return Quiet([1])
            """
        status, answer = service.execute(script)
        assert status == 200 and answer["result"] == [1]
        assert answer["stdout"].startswith(f"{BANNER}\nsaid")


class TestExactness:
    @pytest.mark.parametrize(
        "text", ["", "a", "a\n", "a\n\n\n", "\n", "\na", " \t ", "\r\n", "a\rb", "é☃𝄞\n", "a\x00b\x01\n", "\x1b[31mred"]
    )
    def test_without_the_banner(self, service, text):
        script = "import sys\ndef main(text):\n    sys.stdout.write(text)\n    return 'ignored'"
        assert output(service, script, banner=False, args=[text]) == text
        assert output(service, f"import sys\nsys.stdout.write({text!r})\n5", mode="script") == text

    def test_bytes_that_are_not_utf8(self, service):
        script = "import os\ndef main():\n    os.write(1, b'a\\xffb\\xc3\\x28\\xed\\xa0\\x80 \\xf0\\x9f end\\xe2\\x98')"
        text = output(service, script, banner=False)
        assert text.startswith("a\ufffdb\ufffd(") and text.endswith("\ufffd")
        assert "end" in text and text.isprintable()

    def test_a_character_written_byte_by_byte(self, service):
        script = """
            import os, time
            def main():
                for byte in "é☃𝄞".encode():
                    os.write(1, bytes([byte]))
                    time.sleep(0.01)
            """
        assert output(service, script, banner=False) == "é☃𝄞"

    def test_stderr_apart(self, service):
        script = """
            import sys
            print("m-err", file=sys.stderr)
            def main():
                print("out")
                print("err é", file=sys.stderr)
                sys.stderr.write("no newline")
            """
        _, answer = service.execute(script)
        assert answer["stdout"] == f"{BANNER}\nout"
        assert answer["stderr"] == "m-err\nerr é\nno newline"

    def test_no_stderr_where_nothing_was_said(self, service):
        assert not service.execute("def main():\n    return 1")[1].get("stderr")

    def test_a_warning_goes_to_stderr(self, service):
        _, answer = service.execute("import warnings\ndef main():\n    warnings.warn('careful')")
        assert "careful" in answer["stderr"] and answer["stdout"] == BANNER


class TestDescriptors:
    def test_children_and_c_code_in_order(self, service):
        script = """
            import ctypes, os, subprocess, sys
            libc = ctypes.CDLL(None)
            def main():
                for i in range(3):
                    print(f"print {i}")
                    os.write(1, b"write\\n")
                    libc.puts(b"puts")
                    libc.fflush(None)
                    libc.write(1, b"c write\\n", 8)
                    subprocess.run(["echo", "echo"], check=True)
                    os.system("printf 'system\\n'")
                    sys.stdout.write("sys\\n")
                    subprocess.run([sys.executable, "-c", "print('python')"], check=True)
                    pid = os.fork()
                    if pid == 0:
                        print("fork")
                        os._exit(0)
                    os.waitpid(pid, 0)
            """
        block = "write\nputs\nc write\necho\nsystem\nsys\npython\nfork\n"
        expected = "".join(f"print {i}\n{block}" for i in range(3))
        assert output(service, script, banner=False) == expected

    def test_c_output_that_nobody_flushed(self, service):
        script = "import ctypes\ndef main():\n    ctypes.CDLL(None).puts(b'left in the buffer')\n    return 1"
        assert "left in the buffer" in output(service, script)

    def test_stderr_of_children(self, service):
        script = "import os\ndef main():\n    os.system('echo one >&2; echo two >&2')"
        assert service.execute(script)[1]["stderr"] == "one\ntwo\n"

    def test_threads(self, service):
        script = """
            import threading
            def main():
                threads = [threading.Thread(target=print, args=(f"thread {i}\\n",), kwargs={"end": ""}) for i in range(20)]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
            """
        lines = output(service, script, banner=False).splitlines()
        assert sorted(lines) == sorted(f"thread {i}" for i in range(20))

    def test_what_is_written_after_main(self, service):
        script = """
            import atexit, threading, time
            atexit.register(print, "atexit")
            def later():
                time.sleep(0.2)
                print("thread")
            def main():
                threading.Thread(target=later).start()
                print("main")
                return "result"
            """
        _, answer = service.execute(script, banner=False)
        assert answer["stdout"] == "main\nthread\natexit\n" and answer["result"] == "result"
        assert output(service, script) == f"{BANNER}\nmain\nthread\natexit\nresult"


class TestPartialOutput:
    @pytest.mark.parametrize(
        "ending, error",
        [
            ("time.sleep(30)", "timeout"),
            ("while True: pass", "timeout"),
            ("os.abort()", "runtime_error"),
            ("os._exit(3)", "runtime_error"),
            ("os.kill(os.getpid(), 9)", "runtime_error"),
            ("ctypes.string_at(0)", "runtime_error"),
            ("raise SystemExit(4)", "runtime_error"),
            ("1 / 0", "runtime_error"),
            ("os.kill(0, 9)", "runtime_error"),
        ],
    )
    def test_survives(self, service, ending, error):
        script = f"""
            import ctypes, os, subprocess, sys, time
            print("module")
            def main():
                for i in range(1000):
                    print(i)
                print("last error words", file=sys.stderr)
                subprocess.run(["echo", "child"])
                {ending}
            """
        answer = service.failure(error, "\n" + script, timeout=1)
        numbers = "".join(f"{i}\n" for i in range(1000))
        assert answer["stdout"] == f"module\n{BANNER}\n{numbers}child"
        assert "last error words" in answer["stderr"]


FLOOD = """
    import os
    def main(amount, fd):
        os.write(fd, b"the very beginning\\n")
        line = b"x" * 999 + b"\\n"
        block = line * 1000
        for _ in range(amount // len(block)):
            done = 0
            while done < len(block):
                done += os.write(fd, block[done:])
        os.write(fd, b"the very end")
        return "finished"
    """


def check_cut(text, written, field, answer):
    """The head and the tail of `written` bytes within the cap, and between them how much is missing."""
    assert answer["truncated"] == [field], answer["truncated"]
    assert text.startswith("the very beginning\nxxx") and text.endswith("xxx\nthe very end")
    assert CAP * 0.95 <= len(text) <= CAP + 300
    (notice,) = [line for line in text.splitlines() if not re.fullmatch(r"x*|the very (beginning|end)", line)]
    start = text.index(notice)
    before, after = text[:start], text[start + len(notice) :]
    numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", notice)]
    kept = len(before) + len(after)
    assert any(abs(written - kept - number) <= 2 for number in numbers), (notice, written - kept)
    assert min(len(before), len(after)) > CAP // 10, "head and tail both have a fair share"


def flood(service, amount, fd, field):
    status, answer = service.execute(FLOOD, args=[amount, fd], banner=False, timeout=50)
    assert status == 200 and answer["result"] == "finished", {**answer, field: "..."}
    written = amount // 1_000_000 * 1_000_000 + len("the very beginning\n") + len("the very end")
    check_cut(answer[field], written, field, answer)


class TestCaps:
    @pytest.mark.parametrize("fd, field", [(1, "stdout"), (2, "stderr")])
    def test_twenty_megabytes(self, service, fd, field):
        flood(service, 20_000_000, fd, field)

    @pytest.mark.long
    @pytest.mark.parametrize("fd, field", [(1, "stdout"), (2, "stderr")])
    def test_a_gigabyte(self, service, fd, field):
        flood(service, 1_000_000_000, fd, field)

    def test_exactly_the_cap_is_not_cut(self, service):
        script = "import os\ndef main(n):\n    os.write(1, b'y' * n)"
        _, answer = service.execute(script, args=[CAP], banner=False)
        assert answer["stdout"] == "y" * CAP and "truncated" not in answer
        _, answer = service.execute(script, args=[CAP + 1], banner=False)
        assert answer["truncated"] == ["stdout"]

    def test_both_streams_at_once(self, service):
        script = """
            import sys
            def main():
                for i in range(300_000):
                    print("o" * 9)
                    print("e" * 9, file=sys.stderr)
            """
        status, answer = service.execute(script, timeout=50)
        assert status == 200 and sorted(answer["truncated"]) == ["stderr", "stdout"]
        assert answer["stdout"].startswith(BANNER)

    def test_the_cut_never_splits_a_character(self, service):
        script = "import os\ndef main(start):\n    os.write(1, b'x' * start + '☃'.encode() * 1_000_000)"
        for start in range(3):
            text = output(service, script, args=[start], banner=False)
            assert "\ufffd" not in text, "the middle is left out between characters"

    def test_banner_and_result_stay_when_the_output_is_cut(self, service):
        script = "def main():\n    print('z' * 3_000_000)\n    return 'the result'"
        _, answer = service.execute(script)
        assert answer["stdout"].startswith(f"{BANNER}\nzzz") and answer["stdout"].endswith("zzz\nthe result")

    def test_a_flood_until_the_timeout(self, service):
        script = "def main():\n    while True:\n        print('flood' * 100)"
        answer = service.failure("timeout", script, timeout=1)
        assert answer["usage"]["wall_ms"] < 1500 and answer["truncated"] == ["stdout"]
        assert answer["stdout"].startswith(f"{BANNER}\nflood")
