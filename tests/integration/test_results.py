"""main()'s value as strict JSON: each encoding of the contract beside Python's own idea of the value."""

import json
import math

import pytest


def returned(service, expression, setup="", **fields):
    """The result of a main() that returns this expression."""
    return service.result(f"{setup}\ndef main():\n    return {expression}\n", **fields)


def refused(service, expression, setup=""):
    answer = service.failure("runtime_error", f"{setup}\ndef main():\n    return {expression}\n")
    assert answer["error_type"] == "UnserializableResult", answer
    return answer


def strict(text):
    """json.loads without the extensions that JSON does not have."""

    def refuse(name):
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


SCALARS = [
    ("None", None), ("True", True), ("False", False), ("0", 0), ("-1", -1), ("1.5", 1.5), ("1e300", 1e300),
    ("5e-324", 5e-324), ("0.1 + 0.2", 0.1 + 0.2), ("''", ""), ("'é☃𝄞'", "é☃𝄞"), ("'\\0\\n\\t\\\\\"'", '\0\n\t\\"'),
    ("'\\u2028\\x7f'", "\u2028\x7f"), ("[]", []), ("{}", {}), ("()", []), ("(1, (2, 3))", [1, [2, 3]]),
    ("{'a': {'b': [None]}}", {"a": {"b": [None]}}), ("float('nan')", None), ("float('inf')", None),
    ("[-float('inf'), 1.0]", [None, 1.0]),
]  # fmt: skip

STANDARD_LIBRARY = [
    ("{3, 1, 2}", [1, 2, 3]),
    ("frozenset('cab')", ["a", "b", "c"]),
    ("{1: 'a', 2.5: 'b', False: 'c', None: 'd'}", {"1": "a", "2.5": "b", "false": "c", "null": "d"}),
    ("datetime.datetime(2024, 2, 29, 12, 30, 15, 250)", "2024-02-29T12:30:15.000250"),
    ("datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)", "2024-01-01T00:00:00+00:00"),
    ("datetime.date(1999, 12, 31)", "1999-12-31"),
    ("datetime.time(23, 59, 58)", "23:59:58"),
    ("datetime.timedelta(days=1, milliseconds=1500)", 86401.5),
    ("decimal.Decimal('1.10')", "1.10"),
    ("uuid.UUID(int=5)", "00000000-0000-0000-0000-000000000005"),
    ("pathlib.Path('/a/b')", "/a/b"),
    ("pathlib.PurePosixPath('x/y')", "x/y"),
    ("fractions.Fraction(2, 6)", "1/3"),
    ("1 + 2j", "(1+2j)"),
    ("Colour.RED", "red"),
    ("Number.ONE", 1),
    ("[Flags.A | Flags.B]", [3]),
    ("Point(1, Point(2, [3]))", {"x": 1, "y": {"x": 2, "y": [3]}}),
    ("Named(1, 'b')", [1, "b"]),
    ("b'\\x00\\xff'", "AP8="),
    ("bytearray(b'hi')", "aGk="),
    ("collections.Counter('aab')", {"a": 2, "b": 1}),
    ("collections.OrderedDict([('z', 1), ('a', 2)])", {"z": 1, "a": 2}),
    ("collections.defaultdict(list, {'k': [1]})", {"k": [1]}),
    ("Text('sub')", "sub"),
    ("[Whole(7), True]", [7, True]),
    ("{'Colour': {Colour.RED}}", {"Colour": ["red"]}),
]

STANDARD_SETUP = """
import collections, dataclasses, datetime, decimal, enum, fractions, pathlib, typing, uuid
class Colour(enum.Enum):
    RED = "red"
class Number(enum.IntEnum):
    ONE = 1
class Flags(enum.Flag):
    A = 1
    B = 2
@dataclasses.dataclass
class Point:
    x: int
    y: object
class Named(typing.NamedTuple):
    a: int
    b: str
class Text(str): pass
class Whole(int): pass
"""

NUMPY = [
    ("np.int64(-5)", -5), ("np.uint64(2**64 - 1)", 2**64 - 1), ("np.int8(3)", 3), ("np.float64(1.5)", 1.5),
    ("np.float32(0.5)", 0.5), ("np.bool_(True)", True), ("np.str_('x')", "x"), ("np.arange(3)", [0, 1, 2]),
    ("np.eye(2)", [[1.0, 0.0], [0.0, 1.0]]), ("np.array(5)", 5), ("np.array([])", []), ("np.zeros((2, 0))", [[], []]),
    ("np.array([1.0, np.nan, np.inf])", [1.0, None, None]), ("np.array([True, False])", [True, False]),
    ("np.array(['a', 'b'])", ["a", "b"]), ("{'k': np.int32(1)}", {"k": 1}),
    ("np.array([1, 'x', None], object)", [1, "x", None]),
    ("np.array([2**63], np.uint64)", [2**63]), ("np.float64('nan')", None), ("{np.int64(4): 1}", {"4": 1}),
    ("np.datetime64('NaT')", None), ("np.array([1+2j])", ["(1+2j)"]),
]  # fmt: skip

PANDAS = [
    ("pd.Series([1, 2])", {"0": 1, "1": 2}),
    ("pd.Series([1.5, None], index=['a', 'b'])", {"a": 1.5, "b": None}),
    ("pd.Series([1, 2, 3], index=['a', 'b', 'a'])", [["a", 1], ["b", 2], ["a", 3]]),
    ("pd.Series([1], index=[pd.Timestamp('2024-01-02')])", {"2024-01-02T00:00:00": 1}),
    ("pd.DataFrame({'a': [1, 2], 'b': ['x', None]})", [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
    ("pd.DataFrame()", []),
    ("pd.DataFrame({'a': [1]}, index=pd.Index(['r'], name='key'))", [{"key": "r", "a": 1}]),
    (
        "pd.DataFrame({'k': ['x', 'y', 'x'], 'v': [1, 2, 3]}).groupby('k').sum()",
        [{"k": "x", "v": 4}, {"k": "y", "v": 2}],
    ),
    ("pd.DataFrame({'k': ['x', 'y', 'x'], 'v': [1, 2, 3]}).groupby('k')['v'].sum()", {"x": 4, "y": 2}),
    (
        "pd.DataFrame({'a': [1, 1], 'b': [2, 2], 'v': [3, 4]}).groupby(['a', 'b']).sum()",
        [{"a": 1, "b": 2, "v": 7}],
    ),
    ("pd.Timestamp('2024-01-02 03:04:05')", "2024-01-02T03:04:05"),
    ("pd.NaT", None),
    ("pd.NA", None),
    ("pd.Timedelta('1min')", 60.0),
    ("pd.DataFrame({'t': [pd.Timestamp('2024-01-02'), pd.NaT]})", [{"t": "2024-01-02T00:00:00"}, {"t": None}]),
    ("pd.Series([1, None], dtype='Int64')", {"0": 1, "1": None}),
    ("{'frame': pd.DataFrame({'a': [np.inf]})}", {"frame": [{"a": None}]}),
    ("pd.DataFrame({'c': pd.Categorical(['u', 'v'])})", [{"c": "u"}, {"c": "v"}]),
    ("pd.DataFrame({'a': [1, 2, 3]})[lambda d: d.a > 1].reset_index(drop=True)", [{"a": 2}, {"a": 3}]),
]


def short(value):
    return value[:40] if isinstance(value, str) else ""


def same(got, expected):
    assert got == expected
    assert json.dumps(got) == json.dumps(expected), "1, 1.0 and True are equal, but not the same"


@pytest.mark.parametrize("expression, expected", SCALARS, ids=short)
def test_plain_values(service, expression, expected):
    same(returned(service, expression), expected)


@pytest.mark.parametrize("expression, expected", STANDARD_LIBRARY, ids=short)
def test_values_of_the_standard_library(service, expression, expected):
    got = returned(service, expression, STANDARD_SETUP)
    assert got == expected and isinstance(got, type(expected))


@pytest.mark.parametrize("expression, expected", NUMPY, ids=short)
def test_numpy(service, expression, expected):
    same(returned(service, expression, "import numpy as np"), expected)


@pytest.mark.parametrize("expression, expected", PANDAS, ids=short)
def test_pandas(service, expression, expected):
    same(returned(service, expression, "import numpy as np, pandas as pd"), expected)


def test_repeated_column_names_are_numbered(service):
    (row,) = returned(service, "pd.DataFrame([[1, 2, 3]], columns=['a', 'b', 'a'])", "import pandas as pd")
    assert list(row.values()) == [1, 2, 3]
    first, second, third = row
    assert (first, second) == ("a", "b") and third.startswith("a") and third[-1].isdigit()


def test_a_sliced_frame_keeps_its_labels(service):
    rows = returned(service, "pd.DataFrame({'a': [1, 2, 3]})[1:]", "import pandas as pd")
    assert [row["a"] for row in rows] == [2, 3]
    assert [next(iter(row.values())) for row in rows] == [1, 2], "the labels are the first column"


def test_integers_keep_every_digit(service):
    for number in (2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**100 + 7, -(7**2000)):
        response = service.execute_raw("def main(e):\n    return eval(e)", args=[hex(number)])
        text = response.body.decode()
        assert str(number) in text, number
        assert strict(text)["result"] == number


def test_an_integer_past_pythons_own_text_limit(service):
    """4,300 digits is where int() and str() stop by default; the contract says any size."""
    response = service.execute_raw("def main():\n    return 10 ** 5000 + 3")
    assert response.status == 200 and "1" + "0" * 4999 + "3" in response.body.decode()


def test_floats_to_the_last_bit(service):
    numbers = [0.1, 1 / 3, 1e-320, 1.7976931348623157e308, 5e-324, 123456789.12345678, 1e22, -2.5e-8]
    assert [float.hex(x) for x in returned(service, repr(numbers))] == [float.hex(x) for x in numbers]


def test_negative_zero(service):
    assert math.copysign(1, returned(service, "-0.0")) == -1


def test_a_float_stays_a_float(service):
    assert '"result":1.0' in service.execute_raw("def main():\n    return 1.0").body.decode().replace(" ", "")


def test_lone_surrogates_are_escaped(service):
    response = service.execute_raw("def main():\n    return ['a\\ud800b', {'\\udfff': 1}]")
    assert b"\\ud800" in response.body.lower() and b"\\udfff" in response.body.lower()
    assert response.json()["result"] == ["a\ud800b", {"\udfff": 1}]


def test_every_answer_is_strict_json_in_utf8(service):
    response = service.execute_raw("def main():\n    return [float('nan'), 'é', '\\ud834\\udd1e']")
    assert strict(response.body.decode("utf-8"))["result"][0] is None


def test_sets_that_cannot_be_sorted(service):
    assert sorted(returned(service, "{1, 'a'}"), key=str) == [1, "a"]


def test_async_main_is_awaited(service):
    script = "import asyncio\nasync def main(x):\n    await asyncio.sleep(0.01)\n    return x + 1"
    assert service.result(script, args=[41]) == 42


def test_a_result_that_looks_like_our_answer_is_only_a_result(service):
    value = {"success": False, "error": "internal_error", "message": "x", "return_code": 3}
    assert returned(service, repr(value)) == value


def test_nesting(service):
    script = "def main(n):\n    x = []\n    for _ in range(n): x = [x]\n    return x"
    for n in (200, 900):
        value, depth = service.result(script, args=[n], banner=False), 0
        while value:
            value, depth = value[0], depth + 1
        assert depth == n
    answer = service.failure("runtime_error", script, args=[100_000])
    assert answer["error_type"] == "UnserializableResult"


@pytest.mark.parametrize(
    "expression, type_name",
    [
        ("object()", "object"), ("lambda: 1", "function"), ("(x for x in [1])", "generator"), ("int", "type"),
        ("threading.Lock()", "lock"), ("open('/dev/null')", "TextIOWrapper"), ("threading", "module"),
        ("Custom()", "Custom"), ("re.compile('x')", "Pattern"),
    ],
)  # fmt: skip
def test_types_that_json_cannot_hold_are_named(service, expression, type_name):
    answer = refused(service, expression, "import re, threading\nclass Custom: pass")
    assert type_name in answer["message"] and "result" in answer["message"]


@pytest.mark.parametrize(
    "expression, place",
    [
        ("{'items': [1, 2, 3, {'handle': object()}]}", "result.items[3].handle"),
        ("[[0], [0, object()]]", "result[1][1]"),
        ("{'a': Data({'b': object()})}", "result.a.inner.b"),
        ("object()", "result"),
    ],
)
def test_the_place_is_named(service, expression, place):
    setup = "import dataclasses\n@dataclasses.dataclass\nclass Data:\n    inner: object"
    assert place in refused(service, expression, setup)["message"]


@pytest.mark.parametrize(
    "expression", ["{(1, 2): 3}", "{'x': {('a',): 1}}", "{1: 'a', '1': 'b'}", "{None: 1, 'null': 2}", "{True: 1, 'true': 2}"]
)
def test_keys_that_are_refused(service, expression):
    assert "key" in refused(service, expression)["message"]


@pytest.mark.parametrize(
    "statement", ["x = []; x.append(x)", "x = {}; x['self'] = {'again': [x]}", "x = [1]; y = [x]; x.append(y)"]
)
def test_cycles(service, statement):
    answer = service.failure("runtime_error", f"def main():\n    {statement}\n    return x")
    assert answer["error_type"] == "UnserializableResult"
    assert "cycl" in answer["message"].lower() or "circular" in answer["message"].lower() or "itself" in answer["message"]


def test_the_same_object_twice_is_no_cycle(service):
    assert service.result("def main():\n    x = [1]\n    return [x, x, {'k': x}]") == [[1], [1], {"k": [1]}]


def test_the_size_cap(service):
    cap = 8 << 20
    assert len(service.result("def main(n):\n    return ['x' * n]", args=[cap - 4])[0]) == cap - 4
    answer = service.failure("runtime_error", "def main(n):\n    return ['x' * n]", args=[cap])
    assert "8 MiB" in answer["message"] or str(cap) in answer["message"].replace(",", ""), answer["message"]


def test_many_small_values(service):
    assert service.result("def main():\n    return list(range(500_000))") == list(range(500_000))


@pytest.mark.parametrize(
    "method", ["__str__", "__repr__", "__eq__", "__len__", "__bool__", "__hash__", "__format__", "__getattribute__"]
)
def test_a_method_that_raises_cannot_break_the_answer(service, method):
    script = f"""
        class Hostile(list):
            def {method}(self, *args):
                raise RuntimeError("mine")
        def main():
            return Hostile([1, 2])
        """
    status, answer = service.execute("\n" + script)
    if status == 200:
        assert answer["result"] == [1, 2]
    else:
        assert answer["error"] == "runtime_error", answer


def test_a_dict_whose_methods_lie(service):
    script = """
        class Liar(dict):
            def items(self):
                while True:
                    yield ("a", 1)
            def __iter__(self):
                raise KeyboardInterrupt
            keys = __iter__
        def main():
            return Liar(x=1)
        """
    status, answer = service.execute(script, timeout=2)
    assert status == 200 and answer["result"] == {"x": 1} or status == 400 and answer["error"] != "internal_error"
