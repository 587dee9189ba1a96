"""What goes in comes out: JSON values through args, main() and result."""

import json
import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

INTEGERS = st.one_of(st.integers(), st.integers(-(2**70), 2**70), st.integers(10**300, 10**301))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(blacklist_categories=()), max_size=20)  # surrogates and all
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), INTEGERS, FLOATS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(TEXTS, inner, max_size=6)),
    max_leaves=30,
)


def merge_surrogates(value):
    """A pair of surrogates and the character they make are one and the same in JSON: both sides use the character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, list):
        return [merge_surrogates(x) for x in value]
    if isinstance(value, dict):
        return {merge_surrogates(key): merge_surrogates(x) for key, x in value.items()}
    return value


def exactly_equal(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(exactly_equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(exactly_equal(a[key], b[key]) for key in a)
    return a == b


def run_property(service, count):
    @settings(
        max_examples=count,
        deadline=None,
        derandomize=bool(os.environ.get("CI")) or count < 1000,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(VALUES, max_size=4), st.dictionaries(TEXTS, VALUES, max_size=3))
    def check(args, kwargs):
        args, kwargs = merge_surrogates(args), merge_surrogates(kwargs)
        response = service.post(
            {"script": "def main(*args, **kwargs):\n    return [list(args), kwargs]", "args": args, "kwargs": kwargs}
        )
        answer = json.loads(response.body.decode("utf-8"))
        assert response.status == 200, answer
        assert exactly_equal(answer["result"], [args, kwargs]), (answer["result"], args, kwargs)

    check()


def test_json_values_go_round(service):
    run_property(service, 60)


@pytest.mark.long
def test_json_values_go_round_many_times(service):
    run_property(service, 3000)


STANDARD = st.recursive(
    st.one_of(
        st.dates(), st.datetimes(), st.times(), st.uuids(), st.decimals(allow_nan=False, allow_infinity=False),
        st.fractions(), st.binary(max_size=20), st.timedeltas(), st.integers(), FLOATS,
        st.complex_numbers(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)  # fmt: skip

REBUILD = """
import base64, datetime, decimal, fractions, pickle, uuid
def main(text):
    return pickle.loads(base64.b64decode(text))
"""


def as_contract_says(value):
    """Python's own idea of a value as JSON, by the contract's list."""
    import base64
    import datetime
    import decimal
    import fractions
    import uuid

    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, decimal.Decimal, fractions.Fraction, complex)):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (list, tuple)):
        return [as_contract_says(x) for x in value]
    if isinstance(value, dict):
        return {key: as_contract_says(x) for key, x in value.items()}
    return value


def test_values_of_the_standard_library(service):
    import base64
    import pickle

    @settings(max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(STANDARD)
    def check(value):
        text = base64.b64encode(pickle.dumps(value)).decode()
        got, expected = service.result(REBUILD, args=[text]), as_contract_says(value)
        assert got == expected, (got, expected)

    check()
