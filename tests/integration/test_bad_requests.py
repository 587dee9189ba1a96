"""Requests that are wrong: each gets a clear JSON error that says what and where, and nothing is lost by it."""

import json

import pytest

from .support.client import check_refusal

SCRIPT = '"script": "def main(*a):\\n    return list(a)"'


def body(fields):
    return ("{" + SCRIPT + ", " + fields + "}").encode()


BODIES = {
    "no-body": (b"", ["empty", "body"]),
    "white-space": (b" \n\t ", ["empty", "body", "json"]),
    "not-json": (b"def main(): pass", ["json"]),
    "form": (b"script=def+main", ["json"]),
    "cut-off": (b'{"script": "def main', ["json"]),
    "two-values": (b"{} {}", ["json"]),
    "trailing-comma": (b'{"script": "x",}', ["json"]),
    "single-quotes": (b"{'script': 'x'}", ["json"]),
    "comment": (b'{/* c */ "script": "x"}', ["json"]),
    "unquoted-key": (b'{script: "x"}', ["json"]),
    "raw-newline-in-string": (b'{"script": "def main():\n  pass"}', ["json"]),
    "bad-escape": (b'{"script": "\\x41"}', ["json"]),
    "half-escape": (b'{"script": "\\u12"}', ["json"]),
    "byte-order-mark": (b"\xef\xbb\xbf{}", ["json", "script"]),
    "utf-16": ('{"script": "x"}'.encode("utf-16"), ["utf-8", "json"]),
    "null": (b"null", ["object"]),
    "array": (b'["script"]', ["object"]),
    "string": (b'"def main(): pass"', ["object"]),
    "number": (b"5", ["object"]),
    "true": (b"true", ["object"]),
    "empty-object": (b"{}", ["script"]),
    "invalid-utf-8": (b'{"script": "\xff\xfe"}', ["utf-8"]),
    "overlong-utf-8": (b'{"script": "\xc0\xaf"}', ["utf-8"]),
    "surrogates-in-utf-8": (b'{"script": "\xed\xa0\x80"}', ["utf-8"]),
    "cut-off-utf-8": (b'{"script": "\xe2\x98"}', ["utf-8"]),
    "lone-surrogate-in-script": (b'{"script": "x = \'\\ud800\'"}', ["surrogate"]),
    "lone-surrogate-in-stdin": (body('"stdin": "a\\udc00"'), ["surrogate"]),
    "lone-surrogate-in-env": (body('"env": {"A": "\\ud800"}'), ["surrogate"]),
    "lone-surrogate-in-path": (body('"files": [{"path": "\\ud800", "content": ""}]'), ["surrogate"]),
    "lone-surrogate-in-content": (body('"files": [{"path": "a", "content": "\\ud800"}]'), ["surrogate"]),
    "deep-arrays": (body('"args": ' + "[" * 100_000 + "]" * 100_000), ["deep", "depth", "nest"]),
    "deep-objects": (body('"kwargs": ' + '{"a":' * 100_000 + "1" + "}" * 100_000), ["deep", "depth", "nest"]),
    "deep-and-unclosed": (b"[" * 100_000, ["deep", "depth", "nest"]),
    "duplicate-script": (b'{"script": "x = 1", "script": "x = 2"}', ["script"]),
    "duplicate-timeout": (body('"timeout": 1, "timeout": 60'), ["timeout"]),
    "duplicate-kwargs": (body('"kwargs": {"a": 1, "a": 2}'), ["'a'", '"a"']),
    "duplicate-env": (body('"env": {"A": "1", "A": "2"}'), ["'A'", '"A"', "'a'"]),
    "duplicate-path-key": (body('"files": [{"path": "a", "path": "b", "content": ""}]'), ["path"]),
    "duplicate-spelt-with-escapes": (b'{"script": "x = 1", "scr\\u0069pt": "x = 2"}', ["script"]),
    "raw-nul": (b'{"script": "a\x00b"}', ["json"]),
    "nul-in-script": (b'{"script": "x = 1\\u0000"}', ["null", "nul"]),
    "nul-in-a-name": (body('"timeout\\u0000": 1'), ["timeout"]),
    "nan": (body('"args": [NaN]'), ["json"]),
    "infinity": (body('"args": [Infinity]'), ["json"]),
    "minus-infinity": (body('"timeout": -Infinity'), ["json"]),
    "nan-timeout": (body('"timeout": NaN'), ["json"]),
    "leading-zero": (body('"timeout": 05'), ["json"]),
    "plus": (body('"timeout": +5'), ["json"]),
    "hexadecimal": (body('"timeout": 0x5'), ["json"]),
    "bare-dot": (body('"timeout": 5.'), ["json"]),
    "true-misspelt": (body('"banner": True'), ["json"]),
    "negative-timeout": (body('"timeout": -1'), ["timeout"]),
    "zero-timeout": (body('"timeout": 0.0'), ["timeout"]),
    "tiny-negative-timeout": (body('"timeout": -1e-9'), ["timeout"]),
    "timeout-1e999": (body('"timeout": 1e999'), ["timeout", "range"]),
    "args-1e999": (body('"args": [-1e999]'), ["range"]),
    "timeout-2^63": (body('"timeout": 9223372036854775808'), ["timeout"]),
    "timeout-2^64": (body('"timeout": 18446744073709551616'), ["timeout"]),
    "memory-2^63": (body('"memory_mb": 9223372036854775808'), ["memory_mb"]),
    "memory-2^64+512": (body('"memory_mb": 18446744073709552128'), ["memory_mb"]),
    "memory-2^44-bytes-wrap": (body('"memory_mb": 17592186044417'), ["memory_mb"]),
    "memory-1e999": (body('"memory_mb": 1e999'), ["memory_mb", "range"]),
    "memory-negative": (body('"memory_mb": -512'), ["memory_mb"]),
    "memory-fraction": (body('"memory_mb": 512.5'), ["memory_mb"]),
    "many-digits": (body('"timeout": 1' + "0" * 100_000), ["timeout"]),
    "unknown": (body('"timout": 5'), ["timout"]),
    "unknown-empty-name": (body('"": 5'), ["field"]),
    "unknown-long-name": (body('"' + "n" * 100_000 + '": 5'), ["nnn"]),
    "unknown-hostile-name": (body('"<img src=x>\\n\\u001b[31m\\"": 5'), ["img"]),
}

WRONG_TYPES = {
    "script": ["null", "1", "1.5", "true", "[]", "{}", '["x"]'],
    "args": ["1", '"x"', "{}", "true", "false"],
    "kwargs": ["1", '"x"', "[]", "true"],
    "stdin": ["1", "[]", "{}", "false"],
    "files": ["1", '"x"', "{}", "true", "[1]", "[null]", "[[]]"],
    "env": ["1", '"x"', "[]", "true", '{"A": 1}', '{"A": null}', '{"A": {}}'],
    "timeout": ['"5"', "[]", "{}", "true", "[5]"],
    "memory_mb": ['"512"', "[]", "{}", "false", "512.0"],
    "mode": ["1", "[]", "{}", "true", '"x"'],
    "banner": ["1", "0", '"false"', "[]", "{}"],
    "stream": ["1", '"true"', "[]", "{}"],
}


def refused(service, data):
    response = service.post(data)
    assert response.status in (400, 413), response.body[:300]
    answer = check_refusal(response, "invalid_input")
    assert len(response.body) < 10_000, "an error does not send the request back"
    return answer


@pytest.mark.parametrize("name", BODIES)
def test_bodies(service, name):
    data, words = BODIES[name]
    message = refused(service, data)["message"].lower()
    assert any(word.lower() in message for word in words), message


@pytest.mark.parametrize("field, value", [(field, value) for field, values in WRONG_TYPES.items() for value in values])
def test_wrong_types(service, field, value):
    data = f'{{"script": {value}}}'.encode() if field == "script" else body(f'"{field}": {value}')
    assert field in refused(service, data)["message"]


def test_a_fault_in_json_is_placed(service):
    message = refused(service, b'{\n  "script": "x",\n  "args": [1 2]\n}')["message"]
    assert "line 3" in message and "column" in message


def test_answers_to_bad_bodies_are_well_formed_themselves(service):
    strange = [b'{"\\ud800": 1}', b'{"\\u0000": 1}', b'{"\xf0\x9f\x98\x80\\"\\\\": 1}', b'{"mode": "\\udfff"}']
    for data in strange:
        json.loads(service.post(data).body.decode("utf-8"), parse_constant=lambda name: 1 / 0)


def test_one_connection_survives_them_all(service):
    for data, _ in BODIES.values():
        service.post(data)
    assert service.result("def main():\n    return 'still here'") == "still here"


def test_nothing_ran(service):
    """A refused request starts no script: no usage is told, and the pool stays as it was."""
    for data in (body('"timeout": -1'), body('"nonsense": 1')):
        assert "usage" not in refused(service, data)


def test_the_largest_requests_that_are_right(service):
    """The positive control: sizes and depths within the caps are taken."""
    assert service.result("def main(x):\n    return x", args=[[[[[[1]]]]]]) == [[[[[1]]]]]
    deep = eval("[" * 100 + "]" * 100)
    assert service.result("def main(x):\n    return x", args=[deep]) == deep
    assert service.result("def main(**k):\n    return len(k)", kwargs={f"k{i}": i for i in range(10_000)}) == 10_000
