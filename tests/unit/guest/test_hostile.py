"""Scripts that patch, close, lie and exhaust: each gets a clean answer."""

import pytest

from test_run import BANNER, result_of, script


@pytest.mark.parametrize(
    "change",
    [
        "import builtins\nfor name in ('print', 'len', 'isinstance', 'str', 'type', 'repr', 'getattr', 'sorted', "
        "'open', 'dict', 'list', 'set', 'tuple', 'zip', 'map', 'any', 'hasattr', 'super', 'int', 'id', 'max', 'min', 'iter', "
        "'next', 'range', 'enumerate', 'callable', 'issubclass', 'vars', '__import__', '__build_class__', 'Exception', "
        "'BaseException', 'property', 'ValueError', 'compile', 'exec'):\n    setattr(builtins, name, None)",
        "import json\njson.dumps = json.loads = json.JSONEncoder = json.JSONDecoder = None",
        "import sys\nsys.modules.clear()",
        "import sys\nfor name in list(sys.modules):\n    sys.modules[name] = None",
        "import sys, io\nsys.stdout = io.StringIO()\nsys.stderr = None",
        "import sys\nsys.stdout.close(); sys.stderr.close(); sys.stdin.close()",
        "import sys\ndel sys.stdout, sys.stderr, sys.__stdout__",
        "import os\nos.closerange(0, 65536)",
        "import os\nos.close(1); os.close(2)",
        "import sys\nsys.settrace(lambda frame, *a: 1 / 0 if frame.f_globals.get('__name__') != 'script' else None)",
        "import sys\nsys.setprofile(lambda frame, *a: 1 / 0 if 'pyexec' in frame.f_globals.get('__name__') else None)",
        "import traceback, linecache, difflib, re, textwrap\n"
        "for module in (traceback, linecache, difflib, re, textwrap):\n    vars(module).clear()",
        "import datetime, decimal, enum, dataclasses, base64, uuid, pathlib\n"
        "for module in (datetime, decimal, enum, dataclasses, base64, uuid, pathlib):\n    vars(module).clear()",
        "import threading, atexit, asyncio, inspect, os, io\n"
        "threading._shutdown = atexit._run_exitfuncs = asyncio.run = inspect.isawaitable = None\n"
        "os.getpid = lambda: 1\nos.environ = None\nio.open = None",
        "import gc\nfor thing in gc.get_objects():\n    repr(type(thing))\ngc.disable()",
        "import gc\ngc.unfreeze()\ngc.collect()",
        "import sys\nsys.setrecursionlimit(60)",
        "import sys\nsys.set_int_max_str_digits(640)",
        "import sys\nsys.excepthook = sys.__excepthook__ = None\nsys.path = None\nsys.argv = None",
        "globals().clear()\nimport builtins",
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C')",
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))",
        "import signal\nfor number in range(1, 65):\n    try: signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass",
        "import os\nos.chdir('/')",
        "import faulthandler, sys\nsys.unraisablehook = 1 / 1",
    ],
)
@pytest.mark.parametrize("end", ["return {'big': 10 ** 700, 'list': [1, 'x', {1: None}, {2.5}]}", "undefined_name"])
def test_patched(lean, change, end):
    outcome = lean.run(f"{change}\ndef main():\n    {end}\n", timeout=10)
    if "undefined" in end:
        assert outcome.status == 1
        assert outcome.record["error_type"] == "NameError", outcome
        assert outcome.record["line"] == change.count("\n") + 3
        assert "undefined_name" in outcome.record["traceback"]
    else:
        assert outcome.status == 0, outcome
        assert outcome.value_text == '{"big":1' + "0" * 700 + ',"list":[1,"x",{"1":null},[2.5]]}'


def test_print_into_a_replaced_stdout(lean):
    outcome = lean.run("import sys, io\ndef main():\n    sys.stdout = io.StringIO()\n    print('lost')\n    return 1")
    assert outcome.stdout == BANNER and outcome.result == 1


def test_closed_stdout_has_no_banner(lean):
    outcome = lean.run("import os\nos.close(1)\ndef main():\n    return 1")
    assert outcome.banner_written == 0 and outcome.result == 1


def test_recursion(lean):
    outcome = lean.run("def main(n=0):\n    return main(n + 1)")
    assert outcome.record["error_type"] == "RecursionError" and outcome.record["line"] == 2
    assert "Previous line repeated" in outcome.record["traceback"]
    outcome = lean.run("import sys\nsys.setrecursionlimit(10 ** 6)\ndef main(n=0):\n    return main(n + 1) + f(n)\n"
                       "def f(n): return sorted([n], key=lambda x: main(x))")
    assert outcome.status == -11 or outcome.record["error_type"] == "RecursionError"


def test_deep_but_legal_recursion_in_an_error(lean):
    text = """
        import sys
        sys.setrecursionlimit(30000)
        def f(n):
            return f(n - 1) if n else 1 / 0
        def main():
            f(20000)
    """
    outcome = lean.run(script(text))
    assert outcome.record["error_type"] == "ZeroDivisionError"
    assert len(outcome.record["traceback"]) < 300000


def test_memory_error(lean):
    outcome = lean.run("def main():\n    return [0] * 10 ** 15")
    assert outcome.record["error_type"] == "MemoryError" and "memory_mb" in outcome.record["suggestions"][0]


def test_memory_error_under_a_limit(lean):
    text = """
        import resource
        def main():
            resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
            held = []
            while True:
                held.append(bytearray(1 << 16))
    """
    outcome = lean.run(script(text))
    assert outcome.record["error_type"] == "MemoryError", outcome


HOSTILE = """
class Hostile(Exception):
    def __str__(self): raise ValueError('no text')
    __repr__ = __str__
    @property
    def __class__(self): raise ValueError('no class')
    def __getattribute__(self, name): raise ValueError('no attribute ' + name)
    def __iter__(self): raise ValueError('no iterator')
    def keys(self): raise ValueError('no keys')
    def __hash__(self): raise ValueError('no hash')
    def __eq__(self, other): raise ValueError('no equality')
    def __len__(self): raise ValueError('no length')
    def __bool__(self): raise ValueError('no truth')
"""


def test_hostile_exception(lean):
    outcome = lean.run(HOSTILE + "def main():\n    raise Hostile('x')")
    assert outcome.status == 1 and outcome.record["error_type"] == "Hostile"
    assert outcome.record["line"] == HOSTILE.count("\n") + 2


def test_hostile_value(lean):
    outcome = lean.run(HOSTILE + "def main():\n    return [Hostile('x')]")
    assert outcome.status == 1 and outcome.record["error_type"] == "UnserializableResult"
    assert "Hostile" in outcome.record["message"] and "result[0]" in outcome.record["message"]


def test_hostile_metaclass(lean):
    text = """
        class Meta(type):
            def __getattribute__(cls, name): raise ValueError(name)
            def mro(cls): return [cls, object]
        class Thing(metaclass=Meta): pass
        def main():
            return {'x': Thing()}
    """
    outcome = lean.run(script(text))
    assert outcome.record["error_type"] == "UnserializableResult" and "result.x" in outcome.record["message"]


def test_str_of_the_result_raises(lean):
    text = """
        class L(list):
            def __str__(self): raise ValueError
            __repr__ = __str__
        def main():
            return L([1])
    """
    outcome = lean.run(script(text))
    assert outcome.result == [1] and "result_text" not in outcome.record


def test_str_of_the_result_is_no_plain_text(lean):
    text = "class S(str): pass\nclass L(list):\n    def __str__(self): return S('odd')\ndef main():\n    return L()"
    assert lean.run(text).record["result_text"] == "odd"


def test_str_of_the_result_exits(lean):
    outcome = lean.run("class L(list):\n    def __str__(self): raise SystemExit(5)\ndef main():\n    return L()")
    assert outcome.status == 5


def test_property_that_raises_in_the_result(lean):
    text = """
        import dataclasses
        @dataclasses.dataclass
        class D:
            x: int = 1
            def __getattribute__(self, name):
                if name == 'x': raise KeyError('own')
                return super().__getattribute__(name)
        def main():
            return D()
    """
    outcome = lean.run(script(text))
    assert outcome.record["error_type"] == "KeyError" and outcome.record["line"] == 6


def test_list_that_changes_while_it_is_encoded(lean):
    text = """
        import dataclasses
        @dataclasses.dataclass
        class D:
            x: int = 1
            def __getattribute__(self, name):
                if name == 'x': target.clear()
                return super().__getattribute__(name)
        target = {}
        def main(kind):
            global target
            target = [D() for _ in range(100)] if kind == 'list' else {n: D() for n in range(100)}
            return target
    """
    assert result_of(lean, text, args=b'["list"]', banner=False) == [{"x": 1}]
    outcome = lean.run(script(text), args=b'["dict"]', banner=False)
    assert outcome.record["error_type"] == "UnserializableResult" and "changed" in outcome.record["message"]


def test_signal_handler_that_raises_at_the_end(lean):
    text = """
        import signal
        def handler(*_): raise ValueError('from the handler')
        def main():
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
            return list(range(1000))
    """
    outcome = lean.run(script(text))
    assert outcome.complete or outcome.status != 0


def test_keyboard_interrupt(lean):
    outcome = lean.run("import os, signal\ndef main():\n    os.kill(os.getpid(), signal.SIGINT)\n    input()")
    assert outcome.status == 1 and outcome.record["error_type"] == "KeyboardInterrupt"


@pytest.mark.parametrize(
    "raised", ["GeneratorExit", "BaseException('x')", "StopIteration(1)", "type('E', (BaseException,), {})()"]
)
def test_other_base_exceptions(lean, raised):
    outcome = lean.run(f"def main():\n    raise {raised}")
    assert outcome.status == 1 and outcome.kind == "exception" and outcome.record["line"] == 2


def test_frames_of_ours_are_not_below_the_script(lean):
    text = """
        import sys
        depth = []
        frame = sys._getframe()
        while frame:
            depth.append(frame.f_code.co_name)
            frame = frame.f_back
        def main():
            return depth
    """
    assert result_of(lean, text) == ["<module>"]


def test_exit_handlers_and_threads_that_misbehave(lean):
    text = """
        import atexit, threading, sys
        def bad(): raise ValueError('at exit')
        def thread():
            raise KeyError('in a thread')
        def main():
            atexit.register(bad)
            atexit.register(sys.exit, 9)
            threading.Thread(target=thread).start()
            return 1
    """
    outcome = lean.run(script(text))
    assert outcome.result == 1 and outcome.status == 0
    assert "at exit" in outcome.stderr and "in a thread" in outcome.stderr
