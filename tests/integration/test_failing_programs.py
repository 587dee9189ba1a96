"""How many failing programs get a suggestion that is specific and right."""

import collections

import pytest

from .support.failing import is_advised_well, read_programs

LEAST_SHARE = 0.97
PROGRAMS = read_programs()


def test_the_collection_is_large_and_varied():
    assert len(PROGRAMS) >= 200
    for attribute in ("name", "text"):
        counts = collections.Counter(getattr(program, attribute) for program in PROGRAMS)
        assert counts.most_common(1)[0][1] == 1, counts.most_common(3)
    assert all(word.strip() for program in PROGRAMS for word in program.words)


@pytest.mark.parametrize("programs", [pytest.param(PROGRAMS, marks=pytest.mark.long), PROGRAMS[::6]], ids=["all", "slice"])
def test_share(service, capsys, programs):
    missed, succeeded = [], []
    for program in programs:
        _, answer = service.execute(program.text, **program.fields)
        if answer["success"]:
            succeeded.append(program.name)
        elif not is_advised_well(program, answer["suggestions"]):
            missed.append((program, answer))
    share = 1 - len(missed) / len(programs)
    with capsys.disabled():
        print(f"\n{len(programs)} failing programs, {share:.1%} get a specific and right suggestion")
        for program, answer in missed:
            print(f"  {program.name}: wants {program.words}\n    {answer['error']} {answer.get('error_type', '')}: "
                  f"{answer['message'][-200:]!r}\n    got {answer['suggestions']}")  # fmt: skip
    assert not succeeded
    assert share >= LEAST_SHARE
