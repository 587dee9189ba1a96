"""Programs of many kinds (tests/corpus): the service answers what plain Python does."""

import json
import math
import pathlib
import re
from collections import Counter

import pytest

from .support.plain_python import plain_answer

DIRECTORY = pathlib.Path(__file__).parents[1] / "corpus"
PATHS = sorted(DIRECTORY.glob("*/*.py"))
SLICE = 9  # each such one is part of the short run


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


def source_lines(path):
    """Without what every program needs: imports and `def main():`."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return Counter(line for line in lines if line and not re.match(r"(async )?def main\(|import |from \w+ import ", line))


def test_there_are_at_least_300_of_many_kinds():
    kinds = Counter(path.parent.name for path in PATHS)
    assert len(PATHS) >= 300 and len(kinds) >= 10, kinds


def test_no_two_share_more_than_half_their_lines():
    lines = {path: source_lines(path) for path in PATHS}
    alike = []
    for i, one in enumerate(PATHS):
        for other in PATHS[i + 1 :]:
            shared = (lines[one] & lines[other]).total()
            if 2 * shared > min(lines[one].total(), lines[other].total()):
                alike.append((name_of(one), name_of(other), shared))
    assert not alike


def same(one, other):
    """Equal, with NaN and infinities as the null that they become."""
    if isinstance(one, float) and not math.isfinite(one):
        return other is None
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def without_depth(traceback):
    """How deep a recursion gets depends on what calls main()."""
    lines = traceback.splitlines()
    if lines[-1].startswith("RecursionError"):
        traceback = "\n".join([*lines[:12], lines[-1]])
    return re.sub(r"(Previous line repeated) \d+ (more times)", r"\1 N \2", traceback)


def params():
    for number, path in enumerate(PATHS):
        yield pytest.param(path, id=name_of(path), marks=[] if number % SLICE == 0 else [pytest.mark.long])


@pytest.mark.parametrize("path", params())
def test_answers_as_plain_python_does(service, path):
    expected = plain_answer(path)
    script = path.read_bytes().decode("utf-8")
    status, answer = service.execute(script, banner=False, timeout=60, memory_mb=512)
    assert answer["stdout"] == expected["stdout"], answer
    if "error_type" not in expected:
        assert answer["success"], json.dumps(answer, indent=1)[:4000]
        assert same(expected["result"], answer["result"]), (expected["result"], answer["result"])
        return
    assert path.parent.name == "errors", expected
    assert status == 400 and answer["error"] in ("runtime_error", "syntax_error"), answer
    assert answer["error_type"] == expected["error_type"]
    assert answer["suggestions"]
    if answer["error"] == "syntax_error":
        assert answer["message"] in expected["traceback"], (answer["message"], expected["traceback"])
    elif expected["error_type"] != "SystemExit":
        assert without_depth(answer["traceback"]) == without_depth(expected["traceback"])
    assert answer.get("line") == expected["line"]
