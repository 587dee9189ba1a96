"""The measurements, each one a function that returns a dict for the results file."""

import http.client
import re
import subprocess
import time
from dataclasses import dataclass

from . import load, processes, stats
from .peers import DATA, HELLO, SCRIPTS, BenchError, Bubblewrap, Flask, Floor, Service, request


@dataclass(frozen=True)
class Scale:
    """How much of everything. A warm-up comes before each measurement and is thrown away."""

    rounds: int
    service_requests: int  # paced, for each script and round
    flask_requests: dict  # by script
    bubblewrap_runs: dict
    throughput_s: float
    floor_s: float
    starts: int
    overload_s: float
    overload_factor: float
    long_runs: int
    long_parts: int = 10
    warm_up: int = 20


FULL = Scale(3, 300, {"hello": 60, "data": 25}, {"hello": 25, "data": 12}, 8, 6, 3, 30, 10, 20000)
QUICK = Scale(1, 60, {"hello": 20, "data": 8}, {"hello": 8, "data": 4}, 4, 3, 1, 8, 10, 1000)
GUARD = Scale(1, 50, {"hello": 20, "data": 6}, {"hello": 0, "data": 0}, 4, 3, 0, 0, 0, 0)
SMOKE = Scale(1, 5, {"hello": 2, "data": 1}, {"hello": 1, "data": 1}, 1, 0.3, 1, 1.5, 3, 24, 2, 2)

CLIENTS = 8
LONGEST_LOOK_S = 30
FLASK_WARM_UP = 2
LONG_CLIENTS = 4
LONG_WINDOW = 10000
LONG_WARM_UP = 200
SETTLE_S = 0.5


def latency_of(records, name):
    """p50 and p99 of right answers; a wrong one is an error: what is compared must work."""
    times = stats.latencies(records)
    if len(times) != len(records):
        bad = next(record for record in records if not record.right)
        raise BenchError(f"{name}: {len(records) - len(times)} of {len(records)} answers are not right; one has status {bad.status}")
    return {"p50_s": stats.percentile(times, 50), "p99_s": stats.percentile(times, 99), "n": len(times)}


def throughput_of(port, script, seconds, name, clients=CLIENTS):
    report = load.wrk(port, script, seconds, clients)
    while report["right"] == 0 and report["wrong"] == 0 and seconds < LONGEST_LOOK_S:
        seconds *= 3  # a slow machine: not one answer in that time
        report = load.wrk(port, script, seconds, clients)
    if report["right"] == 0:
        raise BenchError(f"{name}: not one right answer: {report}")
    return report


def service_round(scale, say):
    result = {}
    with Service() as service:
        for script in SCRIPTS:
            say(f"pyexecd, {script.name}")
            load.paced(service.port, script, scale.warm_up)
            result[script.name] = latency_of(load.paced(service.port, script, scale.service_requests), "pyexecd")
            load.wrk(service.port, script, 1, CLIENTS)
            result[script.name]["throughput"] = throughput_of(service.port, script, scale.throughput_s, "pyexecd")
            service.wait_ready()
        time.sleep(SETTLE_S)
        result["memory"] = processes.sandbox_memory(service.process.pid)
        result["isolation"] = service.health().get("isolation")
    return result


def flask_round(scale, say):
    result = {}
    with Flask() as flask:
        for script in SCRIPTS:
            say(f"Flask and gunicorn, {script.name}")
            load.paced(flask.port, script, FLASK_WARM_UP)
            result[script.name] = latency_of(load.paced(flask.port, script, scale.flask_requests[script.name]), "flask")
            load.wrk(flask.port, script, 1, CLIENTS)
            # Data is a few runs a second only: a longer look, so that there is something to count.
            seconds = max(4, scale.throughput_s * 2) if script is DATA else scale.throughput_s
            result[script.name]["throughput"] = throughput_of(flask.port, script, seconds, "flask")
    return result


def bubblewrap_round(scale, say):
    result, peer = {}, Bubblewrap()
    for script in SCRIPTS:
        runs = scale.bubblewrap_runs[script.name]
        if runs == 0:
            continue
        say(f"python3 under bubblewrap, {script.name}")
        peer.run(script)
        times = []
        for _ in range(runs):
            time.sleep(0.05)
            times.append(peer.run(script))
        result[script.name] = {"p50_s": stats.percentile(times, 50), "p99_s": stats.percentile(times, 99), "n": runs}
    return result


def floor_round(scale, say):
    result, floor = {}, Floor()
    for script in SCRIPTS:
        say(f"plain fork loop, {script.name}")
        result[script.name] = floor.run(script, scale.floor_s)
    return result


def compare(scale, say):
    """Rounds that alternate: each peer alone on the machine, one after the other, then again."""
    rounds = []
    for number in range(scale.rounds):
        say(f"round {number + 1} of {scale.rounds}")
        rounds.append(
            {
                "service": service_round(scale, say),
                "floor": floor_round(scale, say),
                "flask": flask_round(scale, say),
                "bubblewrap": bubblewrap_round(scale, say),
            }
        )
    return rounds


def start_once():
    """From the exec of pyexecd to the first right answer, to the data guest, and lean requests all the while."""
    service = Service()
    begun = time.perf_counter()
    service.start()
    result = {"first_s": None, "data_s": None, "meanwhile": 0, "failed": 0, "slowest_s": 0.0}
    try:
        while result["data_s"] is None:
            before = time.perf_counter()
            try:
                right = HELLO.is_right(*request(service.port, "POST", "/execute", HELLO.body))
            except (OSError, http.client.HTTPException):
                right = False
            now = time.perf_counter()
            if right and result["first_s"] is None:
                result["first_s"] = now - begun
            elif result["first_s"] is not None:
                result["meanwhile"] += 1
                result["failed"] += not right
                result["slowest_s"] = max(result["slowest_s"], now - before)
            if service.data_guest_is_warm():
                result["data_s"] = now - begun
            service.check_alive(time.monotonic() - (now - begun))
            time.sleep(0.002 if result["first_s"] is None else 0.02)
        service.wait_ready()
        service.check(DATA)
    finally:
        service.stop()
    return result


def starts(scale, say):
    say("start")
    return [start_once() for _ in range(scale.starts)]


def setting_seconds(service, name):
    """A setting's default, from the program itself."""
    shown = subprocess.run([service.command()[0], "--help"], capture_output=True, text=True, check=True).stdout
    return float(re.search(rf"^  --{name}=([0-9.]+)", shown, re.MULTILINE).group(1))


def overload(scale, say):
    """Many times the capacity, open loop. The capacity is the best of two closed loops just before."""
    with Service() as service:
        say("overload: the capacity")
        load.wrk(service.port, HELLO, 1, CLIENTS)
        closed = {
            str(clients): throughput_of(service.port, HELLO, min(scale.throughput_s, 6), "pyexecd", clients)["per_s"] for clients in (CLIENTS, 4 * CLIENTS)
        }
        peak = max(closed.values())
        service.wait_ready()
        rate = peak * scale.overload_factor
        deadline_s = setting_seconds(service, "queue-timeout")
        # As many connections as the service takes, but for a few: more requests must be able to wait than its queue holds.
        connections = int(setting_seconds(service, "max-connections")) - 64
        say(f"overload: {rate:.0f} requests/s for {scale.overload_s} s")
        records = load.open_loop(service.port, HELLO, rate, scale.overload_s, connections, deadline_s + 10)
        service.wait_ready()
        service.check(HELLO)
    result = stats.open_loop(records, scale.overload_s, deadline_s)
    result.update(peak_per_s=peak, closed_per_s=closed, rate_per_s=rate, seconds=scale.overload_s, deadline_s=deadline_s, connections=connections)
    result["per_second"] = stats.per_second(records, scale.overload_s)
    return result


def long_run(scale, say):
    """Many runs in parts; after each, when it is quiet, all that could leak is counted."""
    samples, records, offset = [], [], 0.0
    with Service() as service:
        load.closed(service.port, HELLO, max(LONG_CLIENTS, min(LONG_WARM_UP, scale.long_runs // 10)), LONG_CLIENTS)
        for part in range(scale.long_parts):
            service.wait_ready()
            time.sleep(SETTLE_S)
            samples.append(processes.footprint(service.process.pid))
            say(f"long run: {part * scale.long_runs // scale.long_parts} of {scale.long_runs}")
            got = load.closed(service.port, HELLO, scale.long_runs // scale.long_parts, LONG_CLIENTS)
            records += [shift(record, offset) for record in got]
            offset = max(record.done or 0 for record in records) + 1
        service.wait_ready()
        time.sleep(SETTLE_S)
        samples.append(processes.footprint(service.process.pid))
    first, last, window = stats.first_and_last(records, LONG_WINDOW)
    return {
        "runs": len(records),
        "wrong_or_failed": sum(not record.right for record in records),
        "clients": LONG_CLIENTS,
        "samples": samples,
        "window": window,
        "first_p50_s": first,
        "last_p50_s": last,
        "medians_s": [stats.percentile([r.latency for r in part if r.right], 50) for part in parts_of(records, scale.long_parts)],
    }


def shift(record, seconds):
    return stats.Record(*(None if at is None else at + seconds for at in (record.due, record.sent, record.done)), record.queue_s, record.status, record.right, record.marked)


def parts_of(records, n_parts):
    size = max(1, len(records) // n_parts)
    return [records[start : start + size] for start in range(0, len(records), size)]
