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


def test_security_md_has_every_row_that_is_named():
    """What may be seen in a tier is written where operators read it, and nothing is written there that nobody tries."""
    with open(os.path.join(catalogue.HERE, "..", "..", "SECURITY.md"), encoding="utf-8") as file:
        table = file.read().split("| visible without namespaces |")[1].split("\n\n")[0]
    rows = {line.split("|")[1].strip() for line in table.splitlines()[2:]}
    named = {technique.visible_without_namespaces for technique in catalogue.load()} - {""}
    assert rows == named


@pytest.mark.parametrize("technique", TECHNIQUES, ids=lambda technique: technique.id)
def test_technique(service, namespaces, technique):
    status, answer = service.execute(catalogue.compose(technique), kwargs=technique.kwargs, timeout=30, **technique.request)
    verdict, by = judgement.judge(technique.rule, status, answer, namespaces)
    assert verdict in (judgement.STOPPED, judgement.VISIBLE), f"{verdict.upper()}: {technique.mechanism}: {by}, not {technique.stop}"
