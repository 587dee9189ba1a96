"""The standard library on what the script defines, NumPy, pandas, matplotlib, subprocesses and threads."""

import __future__

import pytest

STANDARD = {
    "pickle": """
        import pickle
        class Point:
            def __init__(self, x): self.x = x
        def square(x): return x * x
        def main():
            copy = pickle.loads(pickle.dumps(Point([1, 2])))
            return [type(copy) is Point, copy.x, pickle.loads(pickle.dumps(square))(5)]
        """,
    "dataclasses": """
        import dataclasses
        @dataclasses.dataclass(order=True, frozen=True)
        class P:
            x: int
            y: list = dataclasses.field(default_factory=list)
        def main():
            return [dataclasses.asdict(P(1)), P(1) < P(2), dataclasses.replace(P(1), x=5).x]
        """,
    "dataclasses-with-future-annotations": """
        from __future__ import annotations
        import dataclasses, typing
        @dataclasses.dataclass
        class Node:
            value: int
            next: typing.Optional[Node] = None
            kind: typing.ClassVar[str] = "k"
        def main():
            return [f.name for f in dataclasses.fields(Node)]
        """,
    "get_type_hints": """
        from __future__ import annotations
        import typing
        class Tree:
            left: Tree
            def walk(self, depth: int) -> list[Tree]: ...
        def main():
            return [typing.get_type_hints(Tree)["left"] is Tree, sorted(typing.get_type_hints(Tree.walk))]
        """,
    "inspect": """
        import inspect
        def example(a, b=2):
            # a comment
            return a
        class Example:
            x = 1
        def main():
            return [inspect.getsource(example), inspect.getsource(Example), str(inspect.signature(example)),
                    inspect.getsourcelines(main)[1], "import inspect" in inspect.getsource(inspect.getmodule(main))]
        """,
    "linecache-and-traceback": """
        import traceback
        def main():
            try:
                1 / 0
            except ZeroDivisionError:
                return "1 / 0" in traceback.format_exc() and "line 4" in traceback.format_exc()
        """,
    "process": """
        import multiprocessing
        def work(queue, n): queue.put([n * n, multiprocessing.current_process().name != "MainProcess"])
        def main():
            queue = multiprocessing.Queue()
            children = [multiprocessing.Process(target=work, args=(queue, n)) for n in range(4)]
            for c in children: c.start()
            got = sorted(queue.get() for _ in children)
            for c in children: c.join()
            return [got, [c.exitcode for c in children], multiprocessing.get_start_method()]
        """,
    "pool": """
        import multiprocessing
        class Box:
            def __init__(self, x): self.x = x
        def work(box): return Box(box.x * 2)
        def main():
            with multiprocessing.Pool(3) as pool:
                return [[b.x for b in pool.map(work, [Box(1), Box(2)])], pool.apply(max, (1, 2)),
                        list(pool.imap(abs, [-1, 2])), pool.apply_async(sum, ([1, 2],)).get(10)]
        """,
    "pipe-and-lock": """
        import multiprocessing as mp
        def work(connection, lock, value, event):
            for _ in range(100):
                with lock:
                    value.value += 1
            connection.send({"done": connection.recv()})
            event.set()
        def main():
            pipes = [mp.Pipe() for _ in range(2)]  # one each: two readers of one end would get halves of messages
            lock, value, event = mp.Lock(), mp.Value("i", 0), mp.Event()
            children = [mp.Process(target=work, args=(theirs, lock, value, event)) for ours, theirs in pipes]
            for c in children: c.start()
            for i, (ours, theirs) in enumerate(pipes): ours.send(i)
            for c in children: c.join()
            return [value.value, [ours.recv()["done"] for ours, theirs in pipes], event.is_set()]
        """,
    "semaphore-barrier-condition": """
        import multiprocessing as mp
        def work(barrier, semaphore, array, i):
            barrier.wait(10)
            with semaphore:
                array[i] = i + 1
        def main():
            barrier, semaphore, array = mp.Barrier(3), mp.BoundedSemaphore(2), mp.Array("d", 3)
            children = [mp.Process(target=work, args=(barrier, semaphore, array, i)) for i in range(3)]
            for c in children: c.start()
            for c in children: c.join()
            return list(array)
        """,
    "shared_memory": """
        from multiprocessing import Process, shared_memory
        def work(name):
            other = shared_memory.SharedMemory(name=name)
            other.buf[:5] = b"hello"
            other.close()
        def main():
            memory = shared_memory.SharedMemory(create=True, size=64)
            try:
                child = Process(target=work, args=(memory.name,))
                child.start()
                child.join()
                return [bytes(memory.buf[:5]).decode(), child.exitcode]
            finally:
                memory.close()
                memory.unlink()
        """,
    "thread-pool": """
        import concurrent.futures, time
        def work(n):
            time.sleep(0.05)
            return n * n
        def main():
            start = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                got = list(pool.map(work, range(8)))
            return [got, time.monotonic() - start < 0.35]
        """,
    "process-pool": """
        import concurrent.futures
        def work(n): return n ** 3
        def fail(): raise LookupError("in a child")
        def main():
            with concurrent.futures.ProcessPoolExecutor(2) as pool:
                future = pool.submit(fail)
                return [list(pool.map(work, range(4))), type(future.exception()).__name__]
        """,
    "threading": """
        import threading, queue
        def main():
            q, local, seen = queue.Queue(), threading.local(), []
            def work():
                local.x = q.get()
                seen.append(local.x)
                q.task_done()
            for _ in range(5): threading.Thread(target=work).start()
            for i in range(5): q.put(i)
            q.join()
            return [sorted(seen), threading.current_thread() is threading.main_thread(), threading.get_native_id() > 0]
        """,
    "pthread-ids": """
        import os, signal, threading, time
        def main():
            got = []
            signal.signal(signal.SIGUSR1, lambda *a: got.append(1))
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            signal.raise_signal(signal.SIGUSR1)
            return [len(got), os.getpid() == threading.get_native_id(), len(os.sched_getaffinity(0)) > 0]
        """,
    "signals": """
        import signal, time
        def main():
            got = []
            signal.signal(signal.SIGALRM, lambda *a: got.append("alarm"))
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            time.sleep(0.2)
            return got
        """,
    "asyncio": """
        import asyncio
        async def part(n):
            await asyncio.sleep(0.01 * n)
            return n
        async def main():
            loop = asyncio.get_running_loop()
            gathered = await asyncio.gather(part(2), part(1))
            in_thread = await asyncio.to_thread(sum, [1, 2])
            in_pool = await loop.run_in_executor(None, max, 1, 2)
            child = await asyncio.create_subprocess_exec("echo", "child", stdout=asyncio.subprocess.PIPE)
            out, _ = await child.communicate()
            try:
                await asyncio.wait_for(asyncio.sleep(5), 0.01)
            except asyncio.TimeoutError:
                late = True
            async with asyncio.TaskGroup() as group:
                task = group.create_task(part(3))
            return [gathered, in_thread, in_pool, out.decode(), child.returncode, late, task.result()]
        """,
    "asyncio-run": """
        import asyncio
        async def work(): return "ran"
        def main():
            return asyncio.run(work())
        """,
    "sqlite3": """
        import sqlite3
        def main():
            rows = []
            for name in (":memory:", "file.db"):
                db = sqlite3.connect(name)
                db.execute("create table t (a integer primary key, b text)")
                db.executemany("insert into t (b) values (?)", [("x",), ("y",)])
                db.commit()
                rows.append(db.execute("select count(*), max(b) from t").fetchone())
                db.close()
            db = sqlite3.connect("file.db")
            db.execute("pragma journal_mode=wal")
            db.execute("insert into t (b) values ('z')")
            db.commit()
            return [rows, sqlite3.connect("file.db").execute("select b from t order by a").fetchall()]
        """,
    "doctest": """
        '''Module.

        >>> double(4)
        8
        '''
        import doctest
        def double(x):
            '''
            >>> double(2)
            4
            >>> double('a')
            'aa'
            '''
            return 2 * x
        def main():
            return list(doctest.testmod())
        """,
    "unittest": """
        import io, unittest
        class Test(unittest.TestCase):
            def test_good(self): self.assertEqual(1, 1)
            def test_bad(self): self.assertEqual(1, 2)
        def main():
            program = unittest.main(exit=False, argv=["x"], testRunner=unittest.TextTestRunner(stream=io.StringIO()))
            return [program.result.testsRun, len(program.result.failures)]
        """,
    "tempfile-zip-csv-json": """
        import csv, json, tempfile, zipfile, os
        def main():
            with tempfile.TemporaryDirectory() as d:
                path = os.path.join(d, "a.zip")
                with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
                    z.writestr("x.csv", "a,b\\n1,2\\n")
                with zipfile.ZipFile(path) as z:
                    rows = list(csv.DictReader(z.read("x.csv").decode().splitlines()))
            return rows
        """,
    "time-zones-and-locale": """
        import datetime, locale, sys, zoneinfo
        def main():
            zone = zoneinfo.ZoneInfo("Europe/Berlin")
            name = "ünï ☃"
            open(name, "w").write("é")
            return [datetime.datetime(2024, 7, 1, tzinfo=zone).utcoffset().total_seconds(), open(name, "rb").read().hex(),
                    sys.getfilesystemencoding(), sys.stdout.encoding.lower(), len(zoneinfo.available_timezones()) > 300]
        """,
    "many-modules": """
        import importlib
        NAMES = '''abc argparse array ast base64 bisect bz2 calendar cmath codecs colorsys configparser contextlib copy csv
            ctypes curses datetime dbm decimal difflib dis email enum fileinput fnmatch fractions functools gc getpass
            gettext glob graphlib gzip hashlib heapq hmac html http imaplib io ipaddress itertools json keyword locale
            logging lzma mailbox math mimetypes mmap netrc numbers operator optparse pathlib pdb platform plistlib poplib
            pprint profile queue quopri random re readline reprlib resource sched secrets select selectors shelve shlex
            shutil signal site smtplib socket socketserver sqlite3 ssl stat statistics string struct subprocess symtable
            sysconfig tarfile telnetlib tempfile textwrap this threading time timeit token tokenize tomllib trace
            traceback tracemalloc types typing unicodedata unittest urllib uuid venv wave weakref webbrowser wsgiref
            xml.dom.minidom xml.etree.ElementTree xml.sax xmlrpc.client zipapp zipfile zipimport zlib zoneinfo'''
        def main():
            failed = []
            for name in NAMES.split():
                try:
                    importlib.import_module(name)
                except Exception as error:
                    failed.append(f"{name}: {error!r}")
            return failed
        """,
}

EXPECTED = {
    "pickle": [True, [1, 2], 25],
    "dataclasses": [{"x": 1, "y": []}, True, 5],
    "dataclasses-with-future-annotations": ["value", "next"],
    "get_type_hints": [True, ["depth", "return"]],
    "inspect": ["def example(a, b=2):\n    # a comment\n    return a\n", "class Example:\n    x = 1\n", "(a, b=2)", 7, True],
    "linecache-and-traceback": True,
    "process": [[[n * n, True] for n in range(4)], [0] * 4, "fork"],
    "pool": [[2, 4], 2, [1, 2], 3],
    "pipe-and-lock": [200, [0, 1], True],
    "semaphore-barrier-condition": [1.0, 2.0, 3.0],
    "shared_memory": ["hello", 0],
    "thread-pool": [[n * n for n in range(8)], True],
    "process-pool": [[0, 1, 8, 27], "LookupError"],
    "threading": [[0, 1, 2, 3, 4], True, True],
    "pthread-ids": [2, True, True],
    "signals": ["alarm"],
    "asyncio": [[2, 1], 3, 2, "child\n", 0, True, 3],
    "asyncio-run": "ran",
    "sqlite3": [[[2, "y"], [2, "y"]], [["x"], ["y"], ["z"]]],
    "doctest": [0, 3],
    "unittest": [2, 1],
    "tempfile-zip-csv-json": [{"a": "1", "b": "2"}],
    "time-zones-and-locale": [7200.0, "c3a9", "utf-8", "utf-8", True],
    "many-modules": [],
}


@pytest.mark.parametrize("name", STANDARD)
def test_standard_library(service, name):
    status, answer = service.execute(STANDARD[name], timeout=20)
    assert status == 200 and answer["result"] == EXPECTED[name], answer
    if name != "many-modules":  # `this` prints, `imp`-like modules warn
        assert not answer.get("stderr"), answer["stderr"]


@pytest.mark.parametrize("name", ["pickle", "process", "pool", "inspect", "doctest", "unittest", "get_type_hints"])
def test_standard_library_in_mode_script(service, name):
    script = STANDARD[name].rstrip() + "\n        main()\n"
    expected = EXPECTED[name]
    assert service.result(script, mode="script", timeout=20) == expected


@pytest.mark.parametrize("name", ["process", "pool", "shared_memory", "thread-pool", "sqlite3", "pthread-ids"])
def test_standard_library_with_numpy_loaded(service, name):
    script = "\n        import numpy\n" + STANDARD[name][1:]
    if name in ("pool", "process"):
        script = script.replace("import numpy\n", "import numpy, pandas\n")
    assert service.result(script, timeout=20) == EXPECTED[name]


class TestDataPackages:
    def test_numpy(self, service):
        script = """
            import numpy as np
            def main():
                a = np.arange(6.0).reshape(2, 3)
                big = np.random.default_rng(1).normal(size=(300, 300))
                return [(a @ a.T).tolist(), float(np.linalg.det(np.eye(3) * 2)),
                        bool(np.allclose(big @ np.linalg.inv(big), np.eye(300))), np.fft.fft([1, 0, 0, 0]).real.tolist()]
            """
        assert service.result(script) == [[[5.0, 14.0], [14.0, 50.0]], pytest.approx(8.0), True, [1.0] * 4]

    def test_pandas(self, service):
        script = """
            import io
            import pandas as pd
            def main():
                frame = pd.read_csv("in.csv", parse_dates=["day"])
                frame["month"] = frame.day.dt.month
                frame.to_csv("out.csv", index=False)
                frame.to_pickle("out.pkl")
                merged = frame.merge(pd.DataFrame({"month": [1], "name": ["January"]}))
                return [frame.groupby("month").amount.sum().to_dict(), merged.name.tolist(),
                        len(pd.read_pickle("out.pkl")), pd.read_csv("out.csv").shape]
            """
        files = [{"path": "in.csv", "content": "day,amount\n2024-01-01,1.5\n2024-01-02,2\n2024-02-01,4\n"}]
        expected = [{"1": 3.5, "2": 4.0}, ["January", "January"], 3, [3, 3]]
        assert service.result(script, files=files) == expected

    @pytest.mark.parametrize("choose", ["", "import matplotlib\nmatplotlib.use('Agg')\n"])
    def test_matplotlib(self, service, choose):
        script = f"""{choose}import matplotlib.pyplot as plt
def main():
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3], label="näme ☃")
    axes.set_title("$x^2$")
    axes.legend()
    figure.savefig("plot.png")
    figure.savefig("plot.svg")
    figure.savefig("plot.pdf")
    plt.close(figure)
    return [open(f"plot.{{kind}}", "rb").read(5).hex() for kind in ("png", "svg", "pdf")] + [plt.get_backend().lower()]
"""
        status, answer = service.execute(script, timeout=20)
        assert status == 200, answer
        assert answer["result"] == [b"\x89PNG\r".hex(), b"<?xml".hex(), b"%PDF-".hex(), "agg"]
        assert "font cache" not in answer.get("stderr", "").lower()

    def test_matplotlib_show_does_not_block(self, service):
        script = "import matplotlib.pyplot as plt\ndef main():\n    plt.plot([1, 2])\n    plt.show()\n    return 'shown'"
        assert service.result(script) == "shown"

    @pytest.mark.parametrize(
        "script",
        [
            "def main():\n    import pandas as pd\n    return int(pd.Series([1, 2]).sum())",
            "def main():\n    return __import__('numpy').array([1, 2]).sum()",
            "import importlib\ndef main():\n    return importlib.import_module('num' + 'py').array([1, 2]).sum()",
            "exec('import numpy as np')\ndef main():\n    return int(np.array([1, 2]).sum())",
        ],
    )
    def test_whatever_way_they_are_imported(self, service, script):
        assert service.result(script) == 3


class TestSubprocesses:
    def test_python_with_numpy(self, service):
        script = """
            import subprocess, sys
            def main():
                code = "import numpy, pandas, matplotlib; print(numpy.arange(3).sum(), matplotlib.get_backend())"
                done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
                return [done.stdout.lower(), done.stderr, done.returncode]
            """
        assert service.result(script, timeout=20) == ["3 agg\n", "", 0]

    def test_shell_and_pipes(self, service):
        script = """
            import subprocess
            def main():
                command = "printf 'b\\\\na\\\\n' | sort | head -1; exit 3"
                done = subprocess.run(command, shell=True, capture_output=True, text=True)
                talk = subprocess.Popen(["tr", "a-z", "A-Z"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                return [done.stdout, done.returncode, talk.communicate("loud")[0], subprocess.getoutput("echo got")]
            """
        assert service.result(script) == ["a\n", 3, "LOUD", "got"]

    def test_signals_do_not_disturb_forks(self, service):
        """They never do, wherever a fork has to be permitted first."""
        script = """
            import os, signal, subprocess, threading
            def main():
                signal.signal(signal.SIGALRM, lambda *ignored: None)
                signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
                ended = []
                for _ in range(40):
                    child = os.fork()
                    if child == 0:
                        os._exit(3)
                    ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
                    ended.append(subprocess.run(["sh", "-c", "true & true & exit 4"]).returncode)
                    ended.append(os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1]))
                    thread = threading.Thread(target=ended.append, args=(5,))
                    thread.start()
                    thread.join()
                signal.setitimer(signal.ITIMER_REAL, 0)
                return ended == [3, 4, 0, 5] * 40
            """
        assert service.result(script, timeout=60) is True

    def test_the_interpreter_is_the_same(self, service):
        script = """
            import subprocess, sys, os
            def main():
                child = subprocess.check_output([sys.executable, "-c", "import sys; print(sys.version)"], text=True)
                return [child.strip() == sys.version, os.path.isabs(sys.executable)]
            """
        assert service.result(script) == [True, True]

    def test_kill_and_wait(self, service):
        script = """
            import subprocess, time
            def main():
                child = subprocess.Popen(["sleep", "30"])
                child.terminate()
                first = child.wait(5)
                try:
                    subprocess.run(["sleep", "30"], timeout=0.1)
                except subprocess.TimeoutExpired:
                    return [first, "expired"]
            """
        assert service.result(script) == [-15, "expired"]

    def test_a_program_of_its_own(self, service):
        script = """
            import os, subprocess
            def main():
                with open("tool", "w") as file:
                    file.write("#!/bin/sh\\necho mine $1\\n")
                os.chmod("tool", 0o755)
                return subprocess.run(["sh", "tool", "x"], capture_output=True, text=True).stdout
            """
        assert service.result(script) == "mine x\n"


@pytest.mark.parametrize(
    "feature", ["annotations", "division", "print_function", "generator_stop", "unicode_literals"]
)
def test_future_imports(service, feature):
    script = f'"""Docstring."""\n# comment\nfrom __future__ import {feature}\ndef main():\n    return {feature}.compiler_flag\n'
    assert service.result(script) == getattr(__future__, feature).compiler_flag


def test_future_annotations_are_not_evaluated(service):
    script = "from __future__ import annotations\ndef main(x: Missing = 1) -> Other:\n    return main.__annotations__"
    assert service.result(script) == {"x": "Missing", "return": "Other"}


def test_no_future_leaks_into_scripts_without(service):
    script = "def main():\n    def f(x: int): pass\n    return f.__annotations__['x'] is int"
    assert service.result(script) is True
