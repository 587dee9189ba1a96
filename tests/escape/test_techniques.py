"""Every technique against the service: what it wants must not happen, and what stops it must be what is meant to."""

import os

import pytest

from . import catalogue, judgement

TECHNIQUES = [technique for technique in catalogue.load() if not technique.bomb and not technique.answer]


def test_there_are_enough():
    assert len(catalogue.load()) >= 150
    assert len({technique.id for technique in catalogue.load()}) == len(catalogue.load())


def test_readme_lists_them():
    with open(os.path.join(catalogue.HERE, "README.md"), encoding="utf-8") as file:
        assert file.read() == catalogue.readme(), "cd tests && /usr/bin/python3 -m escape.catalogue --readme"


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.id)
def test_technique(service, technique):
    status, answer = service.execute(catalogue.compose(technique), kwargs=technique.kwargs, timeout=30, **technique.request)
    verdict, by = judgement.judge(technique.rule, status, answer)
    assert verdict == judgement.STOPPED, f"{verdict.upper()}: {technique.mechanism}: {by}, not {technique.stop}"
