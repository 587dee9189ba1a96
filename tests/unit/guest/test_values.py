"""The result's JSON text against what the contract says of each type."""

import json
import math

import pytest

from test_run import script


def value_of(guest, expression, setup=""):
    outcome = guest.run(f"{setup}\ndef main():\n    return {expression}\n", banner=False)
    assert outcome.kind == "result", outcome
    return outcome.value_text


def refusal_of(guest, expression, setup=""):
    outcome = guest.run(f"{setup}\ndef main():\n    return {expression}\n", banner=False)
    assert outcome.status == 1 and outcome.record["error_type"] == "UnserializableResult", outcome
    assert outcome.record["suggestions"], outcome
    assert outcome.value_text == ""
    return outcome.record["message"]


CASES = [
    ("None", "null"),
    ("True", "true"),
    ("[]", "[]"),
    ("{}", "{}"),
    ("()", "[]"),
    ("set()", "[]"),
    ("-0.0", "-0.0"),
    ("1e-320", "1e-320"),
    ("0.1 + 0.2", "0.30000000000000004"),
    ("1e22", "1e+22"),
    ("5e-324", "5e-324"),
    ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ("float('nan')", "null"),
    ("[float('inf'), -float('inf')]", "[null,null]"),
    ("2 ** 63", str(2**63)),
    ("-2 ** 63", str(-(2**63))),
    ("10 ** 5000", "1" + "0" * 5000),
    ("-10 ** 5000", "-1" + "0" * 5000),
    ("(1, (2, 3))", "[1,[2,3]]"),
    ("{3, 1, 2}", "[1,2,3]"),
    ("frozenset('ba')", '["a","b"]'),
    ("{1: 'a', None: 'b', True: 'c', 2.5: 'd', False: 'e'}", '{"1":"c","null":"b","2.5":"d","false":"e"}'),
    ("{float('nan'): 1, float('inf'): 2}", '{"NaN":1,"Infinity":2}'),
    ("'\"\\\\\\n\\t\\r\\b\\f\\x00\\x1f\\x7fé\\u2028😀'", '"\\"\\\\\\n\\t\\r\\b\\f\\u0000\\u001f\x7fé\u2028😀"'),
    ("'\\ud800x\\udfff'", '"\\ud800x\\udfff"'),
    ("{'\\ud83d': 1}", '{"\\ud83d":1}'),
    ("datetime.datetime(2026, 1, 2, 3, 4, 5, 6)", '"2026-01-02T03:04:05.000006"'),
    ("datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)", '"2026-01-02T00:00:00+00:00"'),
    ("datetime.date(2026, 1, 2)", '"2026-01-02"'),
    ("datetime.time(1, 2)", '"01:02:00"'),
    ("datetime.timedelta(days=1, milliseconds=500)", "86400.5"),
    ("decimal.Decimal('1.10')", '"1.10"'),
    ("uuid.UUID(int=1)", '"00000000-0000-0000-0000-000000000001"'),
    ("pathlib.Path('a') / 'b'", '"a/b"'),
    ("fractions.Fraction(1, 3)", '"1/3"'),
    ("1 + 2j", '"(1+2j)"'),
    ("b'\\x00\\xff'", '"AP8="'),
    ("bytearray(b'ab')", '"YWI="'),
    ("Color.RED", "1"),
    ("[Level.LOW, Name.A]", '[5,"a"]'),
    ("{Color.RED: 1, Level.LOW: 2, Name.A: 3}", '{"1":1,"5":2,"a":3}'),
    ("Point(1, 2)", "[1,2]"),
    ("Data(1, [Data(2, None)])", '{"x":1,"y":[{"x":2,"y":null}]}'),
    ("Slots(1)", '{"x":1}'),
    ("collections.Counter('aab')", '{"a":2,"b":1}'),
    ("collections.defaultdict(list, a=[1])", '{"a":[1]}'),
    ("ordered()", '{"b":2,"a":1}'),
    ("[Text('t'), Number(5), Real(1.5), Rows([1]), Pair((1, 2)), Table(a=1)]", '["t",5,1.5,[1],[1,2],{"a":1}]'),
    ("{Text('t'): 1, Number(5): 2, Real(0.5): 3}", '{"t":1,"5":2,"0.5":3}'),
    ("{datetime.date(2026, 1, 2): 1, uuid.UUID(int=0): 2}",
     '{"2026-01-02":1,"00000000-0000-0000-0000-000000000000":2}'),
    ("{(1, 2), (0, 1)}", "[[0,1],[1,2]]"),
]

SETUP = """
import collections, dataclasses, datetime, decimal, enum, fractions, pathlib, typing, uuid
class Color(enum.Enum):
    RED = 1
class Level(enum.IntEnum):
    LOW = 5
class Name(str, enum.Enum):
    A = 'a'
Point = collections.namedtuple('Point', 'x y')
@dataclasses.dataclass
class Data:
    x: int
    y: object
    z: dataclasses.InitVar[int] = 0
    k: typing.ClassVar[int] = 3
@dataclasses.dataclass(slots=True, frozen=True)
class Slots:
    x: int
def ordered():
    d = collections.OrderedDict(a=1, b=2)
    d.move_to_end('a')
    return d
class Text(str):
    def __str__(self): return 'lie'
    __repr__ = __iter__ = encode = __str__
class Number(int):
    def __repr__(self): return 'lie'
    __str__ = __int__ = __index__ = __repr__
class Real(float):
    def __repr__(self): return 'lie'
    __float__ = __repr__
class Rows(list):
    def __iter__(self): raise ValueError
    __len__ = __getitem__ = __iter__
class Pair(tuple):
    def __iter__(self): raise ValueError
    __len__ = __getitem__ = __iter__
class Table(dict):
    def __iter__(self): raise ValueError
    items = keys = values = __len__ = __getitem__ = get = __iter__
"""


@pytest.mark.parametrize("expression, text", CASES)
def test_value(lean, expression, text):
    assert value_of(lean, expression, SETUP) == text


def test_unsortable_set(lean):
    assert sorted(json.loads(value_of(lean, "{1, 'a', None}")), key=str) == [1, None, "a"]


REFUSALS = [
    ("object()", "result is of type object"),
    ("{'items': [0, 1, 2, {'handle': open('/dev/null')}]}", "result.items[3].handle is of type _io.TextIOWrapper"),
    ("{'a b': {'ok': lambda: 0}}", "result['a b'].ok is of type function"),
    ("[range(3)]", "result[0] is of type range"),
    ("(x for x in [])", "result is of type generator"),
    ("{}.keys()", "dict_keys"),
    ("type", "result is of type type"),
    ("{(1, 2): 3}", "tuple"),
    ("{'x': {1: 'a', '1': 'b'}}", "result.x has two keys that are the same text in JSON: '1'"),
    ("{b'x': 1}", "result has a key of type bytes"),
    ("{frozenset(): 1}", "result has a key of type frozenset"),
    ("Thing()", "result is of type Thing"),
    ("[[Thing]]", "result[0][0] is of type type"),
]


@pytest.mark.parametrize("expression, message", REFUSALS)
def test_refusal(lean, expression, message):
    assert message in refusal_of(lean, expression, "class Thing: pass")


def test_cycles(lean):
    setup = "import dataclasses\n@dataclasses.dataclass\nclass Node:\n    x: object = None\nn = Node()\nn.x = [n]\n"
    setup += "a = []; a.append(a)\nb = {'children': [{'parent': None}]}; b['children'][0]['parent'] = b\n"
    setup += "c = [1, [2]]; c[1].append(c[1]); big = ['x' * 100000]; big.append(big)\nd = [0, n]"
    assert refusal_of(lean, "a", setup) == "the result contains itself: result[0] is result"
    assert refusal_of(lean, "b", setup) == "the result contains itself: result.children[0].parent is result"
    assert refusal_of(lean, "c", setup) == "the result contains itself: result[1][1] is result[1]"
    assert refusal_of(lean, "n", setup) == "the result contains itself: result.x[0] is result"
    assert refusal_of(lean, "d", setup) == "the result contains itself: result[1].x[0] is result[1]"
    assert refusal_of(lean, "big", setup) == "the result contains itself: result[1] is result"


def test_shared_but_not_cyclic(lean):
    assert value_of(lean, "[a, a, {'x': a}]", "a = [1]") == '[[1],[1],{"x":[1]}]'


NEST = "def nest(n):\n    value = []\n    for _ in range(n - 1):\n        value = [value]\n    return value\n"


def test_depth(lean):
    assert value_of(lean, "nest(5000)", NEST) == "[" * 5000 + "]" * 5000
    message = refusal_of(lean, "nest(5001)", NEST)
    assert "more than 5000 levels" in message and len(message) < 500
    assert "5000 levels" in refusal_of(lean, "nest(10 ** 6)", NEST)
    dicts = "def nest(n):\n    v = {}\n    for _ in range(n - 1):\n        v = {'k': v}\n    return v"
    assert value_of(lean, "nest(5000)", dicts).count("{") == 5000


def test_size(lean):
    cap = 8 << 20
    assert len(value_of(lean, f"'x' * ({cap} - 2)")) == cap
    assert f"larger than the cap of {cap} bytes (max_result_bytes)" in refusal_of(lean, f"'x' * ({cap} - 1)")
    assert "larger than" in refusal_of(lean, "list(range(10 ** 7))")
    assert "larger than" in refusal_of(lean, "1 << 200_000_000")
    outcome = lean.run("def main():\n    return [1, 2, 3]", max_result_bytes=6)
    assert outcome.record["error_type"] == "UnserializableResult"
    assert lean.run("def main():\n    return [1, 2, 3]", max_result_bytes=7).result == [1, 2, 3]
    rows = "[[[1, 'é', {'k': 2.5}]] * 1000] * 400"
    assert json.loads(value_of(lean, rows)) == eval(rows)


def test_own_digits_limit_is_kept(lean):
    text = """
        import atexit, sys
        def main():
            sys.set_int_max_str_digits(1000)
            atexit.register(lambda: print(sys.get_int_max_str_digits()))
            return 10 ** 2000
    """
    outcome = lean.run(script(text), banner=False)
    assert outcome.stdout == "1000\n" and outcome.result == 10**2000


DATA = "import datetime, math, numpy as np, pandas as pd\n"

DATA_CASES = [
    ("np.int64(5)", "5"),
    ("np.uint64(2**64-1)", str(2**64 - 1)),
    ("np.float32(0.5)", "0.5"),
    ("np.float64('nan')", "null"),
    ("np.longdouble(1.5)", "1.5"),
    ("np.bool_(True)", "true"),
    ("np.str_('x')", '"x"'),
    ("np.complex128(1j)", '"1j"'),
    ("np.arange(6).reshape(2, 3)", "[[0,1,2],[3,4,5]]"),
    ("np.array([1.5, np.nan, np.inf])", "[1.5,null,null]"),
    ("np.array(5)", "5"),
    ("np.array([])", "[]"),
    ("np.array(['a', 'b'])", '["a","b"]'),
    ("np.array([b'a'])", '["YQ=="]'),
    ("np.array([1j])", '["1j"]'),
    ("np.array([{'x': 1}, None], dtype=object)", '[{"x":1},null]'),
    ("np.array([1.5], dtype=np.longdouble)", "[1.5]"),
    ("np.array([1.5], dtype=np.float16)", "[1.5]"),
    ("np.datetime64('2026-01-02')", '"2026-01-02"'),
    ("np.datetime64('2026-01-02T03:04:05')", '"2026-01-02T03:04:05"'),
    ("np.datetime64('NaT')", "null"),
    ("np.datetime64('NaT', 'ns')", "null"),
    ("np.datetime64('2026-01-02T03:04:05.123456789')", '"2026-01-02T03:04:05.123456789"'),
    ("np.array('2026-01-02T03:04:05.123456789', dtype='M8[ns]')", '"2026-01-02T03:04:05.123456789"'),
    ("np.array(['2026-01-02', 'NaT'], dtype='M8[ns]')", '["2026-01-02T00:00:00",null]'),
    ("np.array(['2026-01-02T00:00:00.123456789', 'NaT'], dtype='M8[ns]')",
     '["2026-01-02T00:00:00.123456789",null]'),
    ("np.timedelta64(90, 's')", "90.0"),
    ("np.array([1500, 'NaT'], dtype='m8[ms]')", "[1.5,null]"),
    ("np.ma.masked_array([1, 2], mask=[0, 1])", "[1,null]"),
    ("np.ma.masked", "null"),
    ("{np.int64(1): 'a', np.float64(2.5): 'b', np.bool_(True): 'c'}", None),
    ("{np.int64(3): 'a', np.float64(2.5): 'b', np.str_('s'): 'c'}", '{"3":"a","2.5":"b","s":"c"}'),
    ("np.array([(1, 2.5)], dtype=[('a', int), ('b', float)])", "[[1,2.5]]"),
    ("pd.Timestamp('2026-01-02 03:04')", '"2026-01-02T03:04:00"'),
    ("pd.Timestamp(1)", '"1970-01-01T00:00:00.000000001"'),
    ("pd.Timestamp('2026-01-02', tz='Europe/Berlin')", '"2026-01-02T00:00:00+01:00"'),
    ("[pd.NaT, pd.NA, np.nan, None]", "[null,null,null,null]"),
    ("pd.Timedelta('1.5s')", "1.5"),
    ("pd.Series([1, 2])", '{"0":1,"1":2}'),
    ("pd.Series([1, 2], index=['a', 'b'])", '{"a":1,"b":2}'),
    ("pd.Series([1, 2], index=['a', 'a'])", '[["a",1],["a",2]]'),
    ("pd.Series([1, 2], index=[1, '1'])", '[[1,1],["1",2]]'),
    ("pd.Series([1.5, np.nan], index=pd.to_datetime(['2026-01-01', '2026-01-02']))",
     '{"2026-01-01T00:00:00":1.5,"2026-01-02T00:00:00":null}'),
    ("pd.Series([1, 2], index=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)]))", '[[["a",1],1],[["b",2],2]]'),
    ("pd.Series(['x', None], dtype='category')", '{"0":"x","1":null}'),
    ("pd.Series([1, None], dtype='Int64')", '{"0":1,"1":null}'),
    ("pd.Series([True, None], dtype='boolean')", '{"0":true,"1":null}'),
    ("pd.Series([], dtype=float)", "{}"),
    ("pd.DataFrame({'a': [1, 2], 'b': ['x', None]})", '[{"a":1,"b":"x"},{"a":2,"b":null}]'),
    ("pd.DataFrame({'a': [1, 2]}, index=['r', 's'])", '[{"index":"r","a":1},{"index":"s","a":2}]'),
    ("pd.DataFrame({'a': [1, 2, 3]})[1:]", '[{"index":1,"a":2},{"index":2,"a":3}]'),
    ("pd.DataFrame({'a': [1, 2, 3]}).head(1)", '[{"a":1}]'),
    ("pd.DataFrame({'k': ['x', 'y', 'x'], 'v': [1, 2, 3]}).groupby('k').sum()", '[{"k":"x","v":4},{"k":"y","v":2}]'),
    ("pd.DataFrame({'k': ['x', 'x'], 'm': [1, 2], 'v': [1, 2]}).groupby(['k', 'm']).sum()",
     '[{"k":"x","m":1,"v":1},{"k":"x","m":2,"v":2}]'),
    ("pd.DataFrame({'k': ['x', 'x'], 'v': [1, 2]}).groupby('k').agg({'v': ['min', 'max']})",
     '[{"k":"x","v_min":1,"v_max":2}]'),
    ("pd.DataFrame([[1, 2, 3]], columns=['a', 'a', 'a.1'])", '[{"a":1,"a.2":2,"a.1":3}]'),
    ("pd.DataFrame([[1, 2]], columns=[0, 1])", '[{"0":1,"1":2}]'),
    ("pd.DataFrame({'t': pd.to_datetime(['2026-01-01', None])})", '[{"t":"2026-01-01T00:00:00"},{"t":null}]'),
    ("pd.DataFrame(index=range(2))", "[{},{}]"),
    ("pd.DataFrame()", "[]"),
    ("pd.DataFrame({'k': [1, 5]}).groupby(pd.cut(pd.Series([1, 5]), [0, 3, 6])).sum()", None),
    ("{'frame': pd.DataFrame({'a': [1]}), 'list': [np.arange(2)]}", '{"frame":[{"a":1}],"list":[[0,1]]}'),
]


@pytest.mark.parametrize("expression, text", DATA_CASES)
def test_data_value(data, expression, text):
    if text is None:
        outcome = data.run(f"{DATA}\ndef main():\n    return {expression}\n", banner=False)
        assert outcome.complete
    else:
        assert value_of(data, expression, DATA) == text


def test_data_refusals(data):
    assert "larger than" in refusal_of(data, "np.zeros(10 ** 8, dtype='i1')", DATA)
    assert "Int64Index" in refusal_of(data, "[pd.Index([1])]", DATA)
    outcome = data.run(DATA + "def main():\n    return pd.DataFrame({'k': [1]}).groupby('k')")
    assert "aggregate" in outcome.record["suggestions"][0]


def test_floats_survive(lean):
    import random

    generator = random.Random(1)
    import struct

    numbers = [struct.unpack("d", struct.pack("Q", generator.getrandbits(64)))[0] for _ in range(2000)]
    text = "import struct\ndef main(hexes):\n    return [struct.unpack('d', bytes.fromhex(h))[0] for h in hexes]"
    arguments = json.dumps([[struct.pack("d", x).hex() for x in numbers]]).encode()
    found = lean.run(text, args=arguments, banner=False).result
    for number, seen in zip(numbers, found):
        assert seen == number if math.isfinite(number) else seen is None
