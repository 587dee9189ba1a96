"""What a script may rely on: the standard library's tools work on what the script defines."""

import pytest

from test_run import BANNER, result_of, script


def test_pickle_inspect_types(lean):
    text = '''
        from __future__ import annotations
        import copy, dataclasses, enum, inspect, pickle, sys, typing

        @dataclasses.dataclass
        class Point:
            """A point."""
            x: int
            y: list[int] = dataclasses.field(default_factory=list)

        class Color(enum.Enum):
            RED = 1

        def main():
            p = Point(1, [2])
            assert pickle.loads(pickle.dumps(p)) == p == copy.deepcopy(p)
            assert pickle.loads(pickle.dumps(Color.RED)) is Color.RED
            assert pickle.loads(pickle.dumps(main)) is main
            assert typing.get_type_hints(Point) == {'x': int, 'y': list[int]}
            assert inspect.getsource(main).startswith('def main():')
            assert 'A point' in inspect.getsource(Point)
            assert inspect.getmodule(main) is sys.modules['script'] is sys.modules['__main__']
            assert inspect.getsourcefile(main) == 'script.py'
            import linecache
            linecache.checkcache()
            linecache.clearcache()
            assert inspect.getsource(main).startswith('def main():')
            return main.__module__
    '''
    assert result_of(lean, text) == "script"


def test_doctest_and_unittest(lean):
    text = '''
        import doctest, unittest
        def double(x):
            """
            >>> double(2)
            4
            """
            return 2 * x
        class Test(unittest.TestCase):
            def test_it(self):
                self.assertEqual(double(1), 2)
            def test_bad(self):
                self.assertEqual(double(1), 3)
        def main():
            program = unittest.main(exit=False)
            return [list(doctest.testmod()), program.result.testsRun, len(program.result.failures)]
    '''
    outcome = lean.run(script(text))
    assert outcome.result == [[0, 1], 2, 1]
    assert "self.assertEqual(double(1), 3)" in outcome.stderr


def test_multiprocessing(lean):
    text = """
        import multiprocessing as mp
        from multiprocessing import shared_memory
        class Item:
            def __init__(self, x): self.x = x
        def square(x): return x * x
        def worker(queue, lock, pipe):
            with lock:
                queue.put(Item(5))
                pipe.send('hello')
        def main():
            with mp.Pool(2) as pool:
                squares = pool.map(square, range(5))
            queue, lock, (a, b) = mp.Queue(), mp.Lock(), mp.Pipe()
            process = mp.Process(target=worker, args=(queue, lock, b))
            process.start()
            item, text = queue.get(), a.recv()
            process.join()
            block = shared_memory.SharedMemory(create=True, size=10)
            block.buf[0] = 7
            again = shared_memory.SharedMemory(block.name)
            value = again.buf[0]
            again.close(); block.close(); block.unlink()
            return [squares, item.x, text, value, process.exitcode]
    """
    outcome = lean.run(script(text))
    assert outcome.result == [[0, 1, 4, 9, 16], 5, "hello", 7, 0], outcome
    assert outcome.stdout == BANNER


def test_concurrent_futures_and_asyncio(lean):
    text = """
        import asyncio, concurrent.futures as cf
        def square(x): return x * x
        async def nap(x):
            await asyncio.sleep(0.01)
            return x
        async def all_of_them():
            process = await asyncio.create_subprocess_exec('echo', 'out', stdout=-1)
            out, _ = await process.communicate()
            return [await asyncio.gather(nap(1), nap(2)), out.decode()]
        def main():
            with cf.ThreadPoolExecutor(2) as threads, cf.ProcessPoolExecutor(2) as processes:
                return [list(threads.map(square, [1, 2])), list(processes.map(square, [3])), asyncio.run(all_of_them())]
    """
    assert result_of(lean, text) == [[1, 4], [9], [[1, 2], "out\n"]]


def test_sqlite_subprocess_tempfile(lean):
    text = """
        import sqlite3, subprocess, sys, tempfile
        def main():
            connection = sqlite3.connect('test.db')
            connection.execute('create table t (x)')
            connection.executemany('insert into t values (?)', [(1,), (2,)])
            connection.commit()
            total = connection.execute('select sum(x) from t').fetchone()
            child = subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True, text=True)
            with tempfile.NamedTemporaryFile() as file:
                return [total, child.stdout, child.stderr, file.name.startswith('/tmp/'), sys.executable]
    """
    assert result_of(lean, text) == [[3], "42\n", "", True, "/usr/bin/python3"]


def test_warnings_and_logging(lean):
    text = """
        import warnings, logging
        def main():
            warnings.warn('careful')
            logging.warning('logged')
    """
    outcome = lean.run(script(text))
    assert outcome.stderr == (
        "script.py:3: UserWarning: careful\n  warnings.warn('careful')\nWARNING:root:logged\n"
    )
    outcome = lean.run("def main():\n    return 1 is 1")
    assert outcome.stderr.startswith("script.py:2: SyntaxWarning") and "return 1 is 1" in outcome.stderr


def test_traceback_module_in_the_script(lean):
    text = """
        import traceback
        def main():
            try:
                1 / 0
            except ZeroDivisionError:
                return traceback.format_exc()
    """
    assert result_of(lean, text) == (
        'Traceback (most recent call last):\n  File "script.py", line 4, in main\n    1 / 0\n    ~~^~~\n'
        "ZeroDivisionError: division by zero\n"
    )


def test_lone_imports(lean):
    text = "import this_is_not_there\ndef main(): pass"
    outcome = lean.run(text)
    assert outcome.record["error_type"] == "ModuleNotFoundError" and outcome.record["line"] == 1
    assert outcome.record["traceback"].count("File") == 1


def test_c_level_output_keeps_its_order(lean):
    text = """
        import ctypes, os
        def main():
            print('one')
            os.write(1, b'two\\n')
            os.system('echo three')
            ctypes.CDLL(None).printf(b'four\\n')
    """
    assert lean.run(script(text)).stdout == BANNER + "one\ntwo\nthree\nfour\n"


@pytest.mark.parametrize("kind", ["lean", "data"])
def test_data_modules(kind, request):
    guest = request.getfixturevalue(kind)
    text = """
        import numpy as np, pandas as pd, matplotlib.pyplot as plt, os
        def main():
            frame = pd.DataFrame({'g': list('aab'), 'v': [1, 2, 3]})
            plt.plot([1, 2, 3])
            plt.savefig('plot.png')
            with open('plot.png', 'rb') as file:
                magic = file.read(4)
            os.remove('plot.png')
            return [int(np.arange(4).sum()), frame.groupby('g').sum(), magic, plt.get_backend()]
    """
    outcome = guest.run(script(text))
    assert outcome.result == [6, [{"g": "a", "v": 3}, {"g": "b", "v": 3}], "iVBORw==", "agg"], outcome
    assert outcome.stderr == ""


def test_numpy_random_is_fresh(data):
    text = "import numpy as np\ndef main():\n    return [np.random.rand(), np.random.default_rng().random()]"
    first, second = result_of(data, text), result_of(data, text)
    assert all(a != b for a, b in zip(first, second))
