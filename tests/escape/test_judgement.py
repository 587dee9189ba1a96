"""The rules by which answers are judged, here and in `pyexecd selftest`: the same cases as test_selftest_judge.c."""

import json
import os

import pytest

from . import catalogue
from .judgement import NO_VERDICT, STOPPED, THROUGH, VISIBLE, judge

with open(os.path.join(catalogue.HERE, "judgements.json"), encoding="utf-8") as _file:
    CASES = json.load(_file)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_case(case):
    verdict, said = judge(case["rule"], case["status"], case["answer"], case.get("namespaces", True))
    assert verdict == case["verdict"], said
    assert said == case.get("said", said)


def test_cases_have_every_verdict():
    assert {case["verdict"] for case in CASES} == {STOPPED, THROUGH, VISIBLE, NO_VERDICT}


def test_selftest_carries_every_technique():
    exported = catalogue.selftest()
    scripts = {one["technique"]: exported["preludes"][one["prelude"]] + one["script"] for one in exported["techniques"]}
    assert scripts == {technique.id: catalogue.compose(technique) for technique in catalogue.load()}
    for one, technique in zip(exported["techniques"], catalogue.load()):
        time = one["rule"].get("max_wall_ms")
        assert time is None or time < 1000 * one["timeout"] or technique.bomb, "a run to its time limit must not be fine"
        assert {**one["rule"], "max_wall_ms": 0} == {**technique.rule, "max_wall_ms": 0}


def test_every_rule_refuses_something():
    """A rule that every answer keeps would show nothing."""
    for technique in catalogue.load():
        assert judge(technique.rule, 500, {"success": False, "error": "internal_error"})[0] != STOPPED, technique.id
        assert judge(technique.rule, 400, {"success": False, "error": "syntax_error", "traceback": "", "stdout": ""})[0] != STOPPED
