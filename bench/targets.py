"""The rows of the table: what is to be reached, and what CI holds on to.

`guard` is the level below which `scripts/bench --guard` fails. Where the figure is reached it is half of `at_least`;
where it is not yet, about half of what was last measured (`present`, on 2 cores), to be raised as the service gets
faster. Only ratios and sizes have one: an absolute time says more about the machine than about us.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    key: str
    text: str
    unit: str  # "x" for a ratio, else the unit of the value
    at_least: float
    beyond: float = None
    lower_is_better: bool = False
    guard: float = None
    present: str = None
    needs_root: bool = False  # /proc does not tell it to an ordinary user

    def reached(self, value, level):
        if value is None or level is None:
            return None
        return value <= level if self.lower_is_better else value >= level


C = "Flask, gunicorn, bubblewrap (c)"
MORE = {"lower_is_better": True}
MEMORY = {"lower_is_better": True, "needs_root": True}

ROWS = [
    Row("latency_hello", f"latency p50, hello: {C} / ours", "x", 60, 100, guard=6, present="17"),
    Row("latency_data", f"latency p50, data: {C} / ours", "x", 300, 500, guard=25, present="75"),
    Row("latency_hello_bwrap", "latency p50, hello: python3 under bubblewrap (b) / ours", "x", None),
    Row("latency_data_bwrap", "latency p50, data: python3 under bubblewrap (b) / ours", "x", None),
    Row("tail_hello", "latency p99 / p50, hello", "x", 4, 2, **MORE),
    Row("tail_data", "latency p99 / p50, data", "x", 4, 2, **MORE),
    Row("throughput_hello", f"throughput, 8 clients, hello: ours / {C}", "x", 18, 25, guard=1.3, present="3.0"),
    Row("throughput_data", f"throughput, 8 clients, data: ours / {C}", "x", None),
    Row("floor_hello", "throughput, hello: ours / plain fork loop (a)", "x", 0.8, 1.0, guard=0.3, present="0.75"),
    Row("floor_data", "throughput, data: ours / plain fork loop (a)", "x", 0.8, 1.0, guard=0.4, present="1.5"),
    Row("memory_lean", "private memory of an idle ready sandbox, lean", "MiB", 1.5, 1, guard=4, present="2.1", **MEMORY),
    Row("memory_data", "private memory of an idle ready sandbox, data", "MiB", 4, 2, guard=9.2, present="4.7", **MEMORY),
    Row("start_first", "start to the first answer, lean", "s", 0.3, **MORE),
    Row("start_data", "start to the data guest being ready", "s", 2, **MORE),
    Row("start_failures", "lean requests that failed meanwhile", "", 0, **MORE),
    Row("overload_goodput", "10 times the capacity offered: goodput / peak", "x", 0.9),
    Row("overload_refused", "the same: refused ones answered within, p99", "ms", 10, **MORE),
    Row("overload_late", "the same: admitted ones past their deadline", "", 0, **MORE),
    Row("long_memory", "long run: growth of memory", "%", 3, **MORE),
    Row("long_counts", "long run: more descriptors, processes, cgroups, mounts", "", 0, **MORE),
    Row("long_latency", "long run: median latency of the last / the first 10,000", "x", 1.1, **MORE),
]


def guard_failures(values, is_root=True):
    """The rows whose value is worse than its guard, or is missing, as texts."""
    failures = []
    for row in ROWS:
        if row.guard is None or (row.needs_root and not is_root):
            continue
        value = values.get(row.key)
        if value is None:
            failures.append(f"{row.text}: not measured")
        elif not row.reached(value, row.guard):
            failures.append(f"{row.text}: {value:.3g} is {'above' if row.lower_is_better else 'below'} {row.guard}")
    return failures
