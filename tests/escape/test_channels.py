"""Lies to the service: the answer stays within the contract, and the next request is as good as ever."""

import time

import pytest

from . import catalogue, judgement

FORGERIES = [technique for technique in catalogue.load() if technique.answer]


def test_control(service):
    """A forgery that is well formed comes back: so the others reach what they are aimed at."""
    (control,) = [technique for technique in FORGERIES if technique.function.__name__ == "written_by_hand"]
    status, answer = service.execute(catalogue.compose(control))
    assert status == 200 and answer["result"] == "forged", answer


@pytest.mark.parametrize("technique", FORGERIES, ids=lambda technique: technique.id)
def test_forgery(service, technique):
    started = time.monotonic()
    status, answer = service.execute(catalogue.compose(technique), **{"timeout": 10, **technique.request})
    verdict, said = judgement.judge(technique.rule, status, answer)
    assert verdict == judgement.STOPPED, f"{verdict}: {said}: {answer}"
    assert time.monotonic() - started < 12
    assert service.result("def main():\n    return 'well'") == "well"
