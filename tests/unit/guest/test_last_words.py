"""Where a run was when its time ran out."""

import signal
import textwrap
import time

import pytest

from fake_keeper import Sandbox


ATTEMPTS = 3  # the 20 ms that a run has for its last words may pass on a busy machine before it gets a core


def stop(guest, text, after=0.4, **request):
    """Runs a script, and sends the signal when it has run for a while; it has to end by itself within 20 ms."""
    for _ in range(ATTEMPTS):
        sandbox = Sandbox(guest)
        sandbox.start(textwrap.dedent(text).lstrip("\n"), **request)
        time.sleep(after)
        sandbox.time_is_up()
        outcome = sandbox.finish(5)
        assert outcome.seconds < after + 0.5
        if outcome.status != -signal.SIGALRM:
            break
    return outcome


LINES = [
    ("loop", "def main():\n    n = 0\n    while True:\n        n += 1", {3, 4}),
    ("module level", "x = 1\nwhile True:\n    x += 1", {2, 3}),
    ("sleep", "import time\ndef main():\n    time.sleep(60)", {3}),
    ("in C code", "def main():\n    return sum(range(10 ** 12))", {2}),
    ("regular expression", "import re\ndef main():\n    return re.match('(a+)+$', 'a' * 60 + 'b')", {3}),
    ("big power", "def main():\n    x = 7 ** 10 ** 9\n    return x", {2}),
    ("lock", "import threading\ndef main():\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()", {5}),
    ("queue", "import queue\ndef main():\n    return queue.Queue().get()", {3}),
    ("thread joined", "import threading, time\ndef main():\n    t = threading.Thread(target=time.sleep, args=(60,))\n"
     "    t.start()\n    t.join()", {5}),
    ("comprehension", "def main():\n    return [\n        x\n        for x in iter(int, 1)\n    ]", {2, 3, 4}),
    ("generator", "def numbers():\n    while True:\n        yield 1\ndef main():\n    return sum(numbers())", {2, 3, 5}),
    ("subprocess", "import subprocess\ndef main():\n    subprocess.run(['sleep', '60'])", {3}),
    ("input", "import os\ndef main():\n    r, w = os.pipe()\n    return os.read(r, 1)", {4}),
    ("coroutine sleeps", "import asyncio\nasync def main():\n    await inner()\nasync def inner():\n"
     "    await asyncio.sleep(60)", {5}),
    ("asyncio.run", "import asyncio\nasync def work():\n    await asyncio.Event().wait()\ndef main():\n"
     "    asyncio.run(work())", {3}),
    ("coroutine computes", "import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    while True:\n        pass",
     {4, 5}),
    ("async generator", "import asyncio\nasync def ticks():\n    yield 1\n    await asyncio.sleep(60)\n"
     "async def main():\n    async for tick in ticks():\n        pass", {6}),
    ("signals caught", "import signal, time\ndef main():\n    for n in (1, 2, 15):\n"
     "        signal.signal(n, lambda *a: None)\n    while True:\n        time.sleep(1)", {5, 6}),
    ("crlf", "import time\r\ndef main():\r\n    time.sleep(60)\r\n", {3}),
    ("thread left behind", "import threading, time\ndef work():\n    time.sleep(60)\ndef main():\n"
     "    threading.Thread(target=work).start()", {3}),
    ("at exit", "import atexit, time\n@atexit.register\ndef late():\n    time.sleep(60)\ndef main():\n    return 1", {4}),
    ("deep recursion", "def dive(n):\n    if n:\n        return dive(n - 1)\n    while True:\n        pass\ndef main():\n"
     "    dive(900)", {4, 5}),
    ("no descriptor left", "import os, resource\ndef main():\n"
     "    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]\n    while True:\n        try:\n"
     "            os.dup(0)\n        except OSError:\n            os.close(60)\n            os.close(61)\n"
     "            while True: pass", {10}),
]  # fmt: skip


@pytest.mark.parametrize("text, lines", [row[1:] for row in LINES], ids=[row[0] for row in LINES])
def test_line(lean, text, lines):
    outcome = stop(lean, text)
    assert outcome.stopped_line in lines, outcome
    source_line = text.replace("\r\n", "\n").split("\n")[outcome.stopped_line - 1].strip()
    assert outcome.stopped_at.startswith("Traceback (most recent call last):\n  File "), outcome
    assert outcome.stopped_at.endswith("\n    " + source_line), outcome
    assert "/usr/" not in outcome.stopped_at and "pyexecd" not in outcome.stopped_at


def test_the_whole_stack_outermost_first(lean):
    outcome = stop(lean, """
        import helper
        def main():
            helper.call(wait)
        def wait():
            größe()
        def größe():
            while True: 'ü'
    """, files={"helper.py": b"def call(function):\n    function()\n"})  # fmt: skip
    assert outcome.stopped_at == (
        "Traceback (most recent call last):\n"
        '  File "script.py", line 3, in main\n'
        "    helper.call(wait)\n"
        '  File "/tmp/helper.py", line 2, in call\n'
        '  File "script.py", line 5, in wait\n'
        "    größe()\n"
        '  File "script.py", line 7, in größe\n'
        "    while True: 'ü'"
    )


def test_one_long_line(lean):
    outcome = stop(lean, "def main():\n    while True: " + "'ä';" * 20000)
    assert outcome.stopped_line == 2 and len(outcome.stopped_at.encode()) < 500
    assert outcome.stopped_at.endswith("...")


def test_in_a_posted_module(lean):
    outcome = stop(lean, "import spin\ndef main(): pass", files={"spin.py": b"while True:\n    pass\n"})
    assert outcome.stopped_line == 1 and '"/tmp/spin.py", line' in outcome.stopped_at


@pytest.mark.parametrize(
    "text",
    [
        "import signal\ndef main():\n    signal.pthread_sigmask(signal.SIG_BLOCK, {62})\n    while True: pass",
        "import signal\ndef main():\n    signal.signal(62, signal.SIG_IGN)\n    while True: pass",
        "import signal\ndef main():\n    signal.signal(62, lambda *a: None)\n    while True: pass",
    ],
)
def test_a_script_that_holds_the_signal_off_says_nothing(lean, text):
    sandbox = Sandbox(lean)
    sandbox.start(text)
    time.sleep(0.4)
    sandbox.time_is_up()
    outcome = sandbox.finish(0.6)
    assert outcome.status == -9 and outcome.stopped_at == ""


@pytest.mark.parametrize(
    "wait",
    [
        "while True: pass", "time.sleep(60)", "threading.Event().wait()", "input()", "asyncio.run(asyncio.sleep(60))",
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)\n    while True: pass",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n    while True: pass",
    ],
)  # fmt: skip
def test_what_was_printed_without_a_line_end(lean, wait):
    outcome = stop(lean, f"""
import asyncio, os, signal, sys, threading, time
def main():
    r, w = os.pipe()
    os.dup2(r, 0)
    for i in range(3):
        print(i, end=" ")
    sys.stderr.write("so far")
    {wait}
""", banner=False)  # fmt: skip
    assert outcome.stdout == "0 1 2 " and outcome.stderr == "so far", outcome
    assert outcome.stopped_line, outcome


def test_a_run_that_ends_in_time_leaves_none(lean):
    outcome = lean.run("def main():\n    return 1")
    assert outcome.result == 1 and outcome.stopped_at == "" and outcome.stopped_line == 0


def test_a_fork_of_the_scripts_does_not_speak_for_it(lean):
    outcome = lean.run("""if 1:
        import os, signal
        def main():
            pid = os.fork()
            if pid == 0:
                while True: pass
            os.kill(pid, 62)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    """)
    assert outcome.result in (128 + 62, -62) and outcome.stopped_at == ""
