"""From what was measured to the table, the results file and docs/performance.md."""

import datetime
import json
import os
import platform
import re
import subprocess

from . import chart, stats
from .peers import CORES, ROOT, Flask
from .targets import ROWS

DOCUMENT = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "performance"
BEGIN, END = "<!-- bench:begin -->\n", "<!-- bench:end -->\n"
PACKAGES = ("python3.11", "python3-pandas", "python3-flask", "gunicorn", "bubblewrap", "wrk")
COUNTS = ("descriptors", "processes", "cgroups", "mounts")


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "none"
    return ((done.stdout or done.stderr).splitlines() or ["none"])[0] if done.returncode == 0 else "none"


def _version(package):
    return _first_line("dpkg-query", "-W", "-f=${Version}", package)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE)
    python = f"python{'.'.join(platform.python_version_tuple()[:2])}"
    return {
        "cores": CORES,
        "processor": model.group(1) if model else platform.machine(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "kernel": f"Linux {platform.release().split('-')[0]}",
        "user": "root" if os.getuid() == 0 else "ordinary user",
        "commit": _first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "versions": {name: _version(name) for name in (python, *PACKAGES[1:])},
        "gunicorn_workers": Flask.workers,
        "load_average_before": os.getloadavg()[0],
    }


# ---- values ----


def _comparison(rounds):
    values = {}
    for script in ("hello", "data"):
        ours = stats.over_rounds(rounds, "service", script, "p50_s")
        served = stats.over_rounds(rounds, "service", script, "throughput", "per_s")
        values[f"latency_{script}"] = stats.ratio(stats.over_rounds(rounds, "flask", script, "p50_s"), ours)
        values[f"latency_{script}_bwrap"] = stats.ratio(stats.over_rounds(rounds, "bubblewrap", script, "p50_s"), ours)
        values[f"tail_{script}"] = stats.median([stats.ratio(one["service"][script]["p99_s"], one["service"][script]["p50_s"]) for one in rounds])
        values[f"throughput_{script}"] = stats.ratio(served, stats.over_rounds(rounds, "flask", script, "throughput", "per_s"))
        values[f"floor_{script}"] = stats.ratio(served, stats.over_rounds(rounds, "floor", script, "per_s"))
    for kind in ("lean", "data"):
        memory = [one["service"]["memory"][kind] for one in rounds if one["service"]["memory"]]
        values[f"memory_{kind}"] = stats.median([size["run_mib"] + size["init_mib"] for size in memory])
    return values


def _rest(measured):
    values = {}
    if measured.get("starts"):
        values["start_first"] = stats.median([start["first_s"] for start in measured["starts"]])
        values["start_data"] = stats.median([start["data_s"] for start in measured["starts"]])
        values["start_failures"] = sum(start["failed"] for start in measured["starts"])
    if measured.get("overload"):
        overload = measured["overload"]
        values["overload_goodput"] = stats.ratio(overload["goodput_per_s"], overload["peak_per_s"])
        refused = overload["refused_p99_s"]
        values["overload_refused"] = None if refused is None else refused * 1000
        values["overload_late"] = overload["past_deadline"]
    if measured.get("long"):
        samples = measured["long"]["samples"]
        values["long_memory"] = 100 * stats.growth([sample["memory_mib"] for sample in samples[1:]])
        values["long_counts"] = sum(max(0, samples[-1][name] - samples[1][name]) for name in COUNTS)
        values["long_latency"] = stats.ratio(measured["long"]["last_p50_s"], measured["long"]["first_p50_s"])
    return values


def values_of(measured):
    return {**_comparison(measured["rounds"]), **_rest(measured)}


def results_of(measured, mode):
    return {
        "when": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
        "mode": mode,
        "machine": measured.pop("machine"),
        "values": values_of(measured),
        "measured": measured,
    }


# ---- texts ----


def number(value, unit):
    if value is None:
        return "not measured"
    text = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return f"{text} {unit}".rstrip() if unit != "x" else f"{text} ×"


def _verdict(row, value, level):
    if level is None:
        return ""
    reached = row.reached(value, level)
    return f"{number(level, row.unit)}: {'–' if reached is None else 'ok' if reached else 'not'}"


def table_rows(values):
    rows = [("what", "measured", "at least", "beyond")]
    for row in ROWS:
        if row.key in values:
            value = values[row.key]
            rows.append((row.text, number(value, row.unit), _verdict(row, value, row.at_least), _verdict(row, value, row.beyond)))
    return rows


def plain_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def markdown_table(rows):
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def machine_text(results):
    at = results["machine"]
    isolation = results["measured"]["rounds"][0]["service"].get("isolation") or {}
    versions = ", ".join(f"{name} {version}" for name, version in at["versions"].items())
    return (
        f"{results['when']}, commit {at['commit']}, {results['mode']} run. {at['cores']} cores ({at['processor']}), "
        f"{at['memory_mib']} MiB, {at['kernel']}, as {at['user']}, tier {isolation.get('tier', 'unknown')}; load average before: {at['load_average_before']:.1f}. "
        f"{versions}; {at['gunicorn_workers']} gunicorn workers."
    )


def absolute_rows(rounds):
    names = {"service": "pyexecd", "bubblewrap": "(b) python3 under bubblewrap", "flask": "(c) Flask, gunicorn, bubblewrap", "floor": "(a) plain fork loop"}
    rows = [("", "hello p50", "hello p99", "hello/s, 8 clients", "data p50", "data p99", "data/s, 8 clients")]
    for peer, name in names.items():
        cells = [name]
        for script in ("hello", "data"):
            for key in ("p50_s", "p99_s"):
                value = stats.over_rounds(rounds, peer, script, key)
                cells.append("" if value is None else f"{value * 1000:.3g} ms")
            served = stats.over_rounds(rounds, peer, script, *(["per_s"] if peer == "floor" else ["throughput", "per_s"]))
            cells.append("" if served is None else f"{served:.3g}")
        rows.append(tuple(cells))
    return rows


def text_of(results):
    return "\n\n".join(
        [machine_text(results), plain_table(table_rows(results["values"])), plain_table(absolute_rows(results["measured"]["rounds"])), *_details(results)]
    )


def _details(results):
    details = []
    overload = results["measured"].get("overload")
    if overload:
        details.append(
            f"Overload: {overload['rate_per_s']:.0f} requests/s offered for {overload['seconds']} s over {overload['connections']} connections, capacity "
            f"{overload['peak_per_s']:.0f}/s; {overload['right']} right, {overload['refused']} refused, {overload['expired_in_queue']} waited in vain, "
            f"{overload['never_sent']} never sent, {overload['wrong_or_failed']} wrong or failed; "
            f"the generator was late by {number(overload['sent_late_p99_s'] and overload['sent_late_p99_s'] * 1000, 'ms')} (p99)."
        )
    long = results["measured"].get("long")
    if long:
        details.append(f"Long run: {long['runs']} runs by {long['clients']} clients, {long['wrong_or_failed']} wrong or failed; windows of {long['window']} runs. {_grown(long['samples'])}.")
    return details


def _grown(samples):
    """What there was after the first part, which is warm-up, and what there is at the end."""
    return "; ".join(f"{name.removesuffix('_mib')} {samples[1][name]} to {samples[-1][name]}" for name in ("memory_mib", *COUNTS))


def write_results(results):
    directory = ROOT / "bench" / "results"
    directory.mkdir(exist_ok=True)
    path = directory / f"{results['when'].replace(' UTC', '').replace(' ', '-').replace(':', '')}.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return path


def document_part(results):
    pictures = [f"![{title}](performance/{name}.svg)" for name, title in chart.PICTURES.items() if (PICTURES / f"{name}.svg").exists()]
    parts = [
        machine_text(results),
        markdown_table(table_rows(results["values"])),
        "Medians of the rounds, absolute (they say as much about the machine as about the services):",
        markdown_table(absolute_rows(results["measured"]["rounds"])),
        *_details(results),
        *pictures,
    ]
    return "\n" + "\n\n".join(parts) + "\n\n"


def write_document(results):
    """Draws the charts and puts tables and charts between the marks in docs/performance.md."""
    PICTURES.mkdir(exist_ok=True)
    for name, svg in chart.draw_all(results).items():
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")
    old = DOCUMENT.read_text(encoding="utf-8")
    before, found, rest = old.partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not found or not found_end:
        raise SystemExit(f"{DOCUMENT.name}: the lines {BEGIN.strip()} and {END.strip()} are missing")
    DOCUMENT.write_text(f"{before}{BEGIN}{document_part(results)}{END}{after}", encoding="utf-8")
