"""Figures from the records that bench-load writes (load.c), and from lists of times."""

import math
import statistics
import struct
from dataclasses import dataclass

RECORD = struct.Struct("<qqqqii")
FAILED, NEVER_SENT = 0, -1
FLAG_RIGHT, FLAG_MARKED = 1, 2


@dataclass(frozen=True)
class Record:
    """One request; seconds since the start, None for what never happened."""

    due: float
    sent: float
    done: float
    queue_s: float
    status: int
    right: bool
    marked: bool

    @property
    def latency(self):
        """From when the request was due, not from when it could be sent: waiting for a connection counts."""
        return None if self.done is None else self.done - self.due


def read_records(data):
    def seconds(value, unit):
        return None if value < 0 else value / unit

    return [
        Record(due / 1e9, seconds(sent, 1e9), seconds(done, 1e9), seconds(queue_us, 1e6), status, bool(flags & FLAG_RIGHT), bool(flags & FLAG_MARKED))
        for due, sent, done, queue_us, status, flags in RECORD.iter_unpack(data)
    ]


def percentile(values, percent):
    """By nearest rank: the smallest value that at least so many percent of all are not above. None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def median(values):
    """The median of rounds; None of nothing."""
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def over_rounds(rounds, peer, script, *keys):
    """The median of one figure of a peer over the rounds; None when no round has it."""
    values = []
    for one in rounds:
        value = one[peer].get(script) or {}
        for key in keys:
            value = value.get(key, {}) if isinstance(value, dict) else {}
        if value != {}:
            values.append(value)
    return median(values)


def ratio(upper, lower):
    return None if upper is None or not lower else upper / lower


def latencies(records):
    """Of right answers only: a wrong or failed answer is not a request served."""
    return [record.latency for record in records if record.right]


def open_loop(records, seconds, deadline_s):
    """What became of an open loop's requests. `deadline_s` is the longest that an admitted one may wait for its turn.

    Goodput counts right answers that came within the `seconds` of load. A refused request is one that got 503 at once;
    one that got it after it had been let into the queue (`marked`) was admitted, and waited in vain.
    """
    right = [record for record in records if record.right]
    refused = [record for record in records if record.status == 503 and not record.marked]
    expired = [record for record in records if record.status == 503 and record.marked]
    answered = len(right) + len(refused) + len(expired)
    return {
        "offered": len(records),
        "right": len(right),
        "refused": len(refused),
        "expired_in_queue": len(expired),
        "never_sent": sum(record.status == NEVER_SENT for record in records),
        "wrong_or_failed": len(records) - answered - sum(record.status == NEVER_SENT for record in records),
        "goodput_per_s": sum(record.done <= seconds for record in right) / seconds,
        "refused_p99_s": percentile([record.latency for record in refused], 99),
        "refused_p99_from_sent_s": percentile([record.done - record.sent for record in refused], 99),
        "sent_late_p99_s": percentile([record.sent - record.due for record in records if record.sent is not None], 99),
        "right_p50_s": percentile([record.latency for record in right], 50),
        "right_p99_s": percentile([record.latency for record in right], 99),
        "past_deadline": sum(record.queue_s is not None and record.queue_s > deadline_s for record in right) + len(expired),
    }


def per_second(records, seconds):
    """[(right, refused)] for each second, by when the answer came."""
    counts = [[0, 0] for _ in range(math.ceil(seconds))]
    for record in records:
        if record.done is not None and record.done < len(counts):
            if record.right:
                counts[int(record.done)][0] += 1
            elif record.status == 503:
                counts[int(record.done)][1] += 1
    return counts


def first_and_last(records, size):
    """The median latencies of the first and of the last `size` right answers, by when they came. Fewer than twice
    `size`: a quarter each."""
    times = [record.latency for record in sorted((r for r in records if r.right), key=lambda record: record.done)]
    if len(times) < 2 * size:
        size = len(times) // 4
    return percentile(times[:size], 50), percentile(times[len(times) - size :], 50), size


def growth(values):
    """By how much the last of some samples exceeds the first, as a part of it."""
    return (values[-1] - values[0]) / values[0]
