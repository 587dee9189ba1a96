"""The arithmetic of `make bench`, on records made by hand."""

import pytest

from bench import stats
from bench.stats import NEVER_SENT, RECORD, Record


def record(due, sent, done, status=200, right=None, marked=False, queue_s=None):
    return Record(due, sent, done, queue_s, status, status == 200 if right is None else right, marked)


@pytest.mark.parametrize(
    "percent, expected",
    [(0, 1), (1, 1), (50, 50), (50.5, 51), (99, 99), (99.1, 100), (100, 100)],
)
def test_percentile_is_by_nearest_rank(percent, expected):
    assert stats.percentile(range(100, 0, -1), percent) == expected


def test_percentile_of_few():
    assert stats.percentile([7], 99) == 7
    assert stats.percentile([1, 2], 50) == 1
    assert stats.percentile([], 50) is None


def test_median_leaves_out_what_was_not_measured():
    assert stats.median([3, None, 1, 2]) == 2
    assert stats.median([None]) is None


def test_ratio_of_nothing_is_nothing():
    assert stats.ratio(6, 2) == 3
    assert stats.ratio(None, 2) is None
    assert stats.ratio(6, None) is None
    assert stats.ratio(6, 0) is None


def test_records_are_read_as_load_c_writes_them():
    data = RECORD.pack(1_000_000_000, 1_500_000_000, 2_000_000_000, 2500, 200, 1) + RECORD.pack(0, -1, -1, -1, NEVER_SENT, 0)
    first, second = stats.read_records(data)
    assert first == Record(1.0, 1.5, 2.0, 0.0025, 200, True, False)
    assert first.latency == 1.0, "from when it was due, not from when it was sent"
    assert second.latency is None and second.sent is None and second.status == NEVER_SENT


def test_wrong_answers_are_not_requests_served():
    records = [record(0, 0, 0.5), record(0, 0, 0.1, right=False), record(0, 0, 0.2, status=503), record(0, 0, 0.3, status=0)]
    assert stats.latencies(records) == [0.5]


def overloaded():
    return [
        record(0.0, 0.0, 0.5, queue_s=0.4),
        record(0.1, 0.1, 2.5, queue_s=2.3),  # right, but after the load: no goodput; and past the deadline
        record(0.2, 0.2, 0.9, right=False),
        record(0.3, 0.4, 0.41, status=503),
        record(0.4, 0.4, 2.4, status=503, marked=True),  # admitted, and waited in vain
        record(0.5, 0.5, None, status=0),
        record(0.6, None, None, status=NEVER_SENT),
    ]


def test_open_loop_puts_each_request_into_one_class():
    result = stats.open_loop(overloaded(), 2, 2)
    counts = {key: result[key] for key in ("offered", "right", "refused", "expired_in_queue", "never_sent", "wrong_or_failed")}
    assert counts == {"offered": 7, "right": 2, "refused": 1, "expired_in_queue": 1, "never_sent": 1, "wrong_or_failed": 2}
    assert sum(counts.values()) == 2 * counts["offered"]


def test_goodput_counts_right_answers_in_time_only():
    assert stats.open_loop(overloaded(), 2, 2)["goodput_per_s"] == 0.5


def test_refusals_are_timed_from_when_they_were_due():
    result = stats.open_loop(overloaded(), 2, 2)
    assert result["refused_p99_s"] == pytest.approx(0.11)
    assert result["refused_p99_from_sent_s"] == pytest.approx(0.01)
    assert result["sent_late_p99_s"] == pytest.approx(0.1)


def test_admitted_ones_past_their_deadline():
    assert stats.open_loop(overloaded(), 2, 2)["past_deadline"] == 2
    assert stats.open_loop(overloaded(), 2, 2.3)["past_deadline"] == 1, "the one that got no sandbox at all"


def test_nothing_refused_gives_no_figure():
    assert stats.open_loop([record(0, 0, 0.1)], 1, 1)["refused_p99_s"] is None


def test_per_second_goes_by_the_time_of_the_answer():
    assert stats.per_second(overloaded(), 3) == [[1, 1], [0, 0], [1, 1]]


def test_first_and_last():
    records = [record(i, i, i + (1 if i < 50 else 3)) for i in range(100)]
    assert stats.first_and_last(records, 20) == (1, 3, 20)
    assert stats.first_and_last(records, 20000) == (1, 3, 25), "too few runs for the window: a quarter each"


def test_growth():
    assert stats.growth([10, 15, 11]) == pytest.approx(0.1)


def test_over_rounds_takes_the_median_of_those_that_have_it():
    rounds = [{"peer": {"hello": {"a": {"b": value}}}} for value in (1, 5, 2)] + [{"peer": {}}]
    assert stats.over_rounds(rounds, "peer", "hello", "a", "b") == 2
    assert stats.over_rounds(rounds, "peer", "hello", "c") is None
    assert stats.over_rounds(rounds, "peer", "data", "a", "b") is None
