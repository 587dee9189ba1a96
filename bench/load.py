"""Starts the load generators: wrk for throughput, bench-load (load.c) for everything that needs each latency."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from . import stats
from .peers import HERE, PROGRAMS, BenchError

# What a request reads that was let into the queue and waited in vain (src/front/admission.c).
EXPIRED = "no sandbox became free in time"


def _with_body(script, action):
    with tempfile.TemporaryDirectory(prefix="pyexec-bench-") as directory:
        body = Path(directory, "body.json")
        body.write_text(script.body, encoding="utf-8")
        return action(Path(directory), body)


def _bench_load(port, script, *options, limit_s=7200):
    def action(directory, body):
        out = directory / "records"
        expected = [part for text in script.expected for part in ("--expect", text)]
        command = [PROGRAMS / "bench-load", "--address", f"127.0.0.1:{port}", "--body", body, "--out", out, "--mark", EXPIRED]
        done = subprocess.run([*command, *expected, *map(str, options)], stderr=subprocess.PIPE, text=True, timeout=limit_s, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr)
        return stats.read_records(out.read_bytes())

    return _with_body(script, action)


def paced(port, script, count, pause_ms=50):
    """One client on one connection that pauses after each answer."""
    return _bench_load(port, script, "--count", count, "--connections", 1, "--pause-ms", pause_ms)


def closed(port, script, count, connections):
    return _bench_load(port, script, "--count", count, "--connections", connections)


def open_loop(port, script, rate, seconds, connections, grace_s):
    options = ["--rate", rate, "--seconds", seconds, "--connections", connections, "--grace", grace_s]
    return _bench_load(port, script, *options)


def wrk(port, script, seconds, clients):
    """Right answers a second of `clients` that wait for nothing but their answers."""

    def action(_, body):
        environment = {**os.environ, "BENCH_BODY": str(body)}
        environment.update({f"BENCH_EXPECT_{i}": text for i, text in enumerate(script.expected, 1)})
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}", "--timeout", "30", "-s", HERE / "wrk.lua", f"http://127.0.0.1:{port}/execute"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        line = next((line for line in done.stdout.splitlines() if line.startswith("BENCH ")), None)
        if done.returncode != 0 or line is None:
            raise BenchError(f"wrk: {done.stdout}{done.stderr}")
        return json.loads(line.removeprefix("BENCH "))

    report = _with_body(script, action)
    report["per_s"] = report["right"] / report["seconds"]
    return report
