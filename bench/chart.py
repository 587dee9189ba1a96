"""The charts of docs/performance.md, as small SVG files: bars on a linear or logarithmic scale, and lines over time."""

import math
from xml.sax.saxutils import escape

from . import stats

PICTURES = {
    "latency": "Latency of one request",
    "throughput": "Runs a second with eight clients",
    "overload": "Answers a second under overload",
    "long-run": "Latency and memory over a long run",
}
WIDTH, LABEL_WIDTH, RIGHT = 760, 250, 90
BAR, GAP, TOP = 20, 8, 44
COLOURS = ("#2563a8", "#8a8f98", "#c2701d", "#5b8c3a")
NAMES = {"service": "pyexecd", "floor": "(a) plain fork loop, no isolation", "bubblewrap": "(b) python3 under bubblewrap", "flask": "(c) Flask, gunicorn, bubblewrap"}
PEER_COLOURS = dict(zip(NAMES, COLOURS))


def _svg(height, title, parts):
    style = "text{font:13px sans-serif;fill:#1f2328}.title{font-weight:600;font-size:15px}.small{font-size:11px;fill:#57606a}"
    return "\n".join(
        [
            f'<svg xmlns="http&#58;//www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">'.replace("&#58;", ":"),
            f"<title>{escape(title)}</title>",
            f"<style>{style}</style>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text class="title" x="12" y="24">{escape(title)}</text>',
            *parts,
            "</svg>\n",
        ]
    )


def bars(title, rows, unit, logarithmic=False):
    """rows: [(label, value, colour, mark or None)]; a mark is a second value, drawn as a line across (a p99)."""
    rows = [row for row in rows if row[1]]
    if not rows:
        return None
    most = max(max(row[1], row[3] or 0) for row in rows)
    least = min(row[1] for row in rows) / 2

    def length(value):
        part = math.log(value / least) / math.log(most / least) if logarithmic else value / most
        return part * (WIDTH - LABEL_WIDTH - RIGHT)

    parts, y = [], TOP
    for label, value, colour, mark in rows:
        end = LABEL_WIDTH + length(value)
        parts.append(f'<text x="{LABEL_WIDTH - 8}" y="{y + 15}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect x="{LABEL_WIDTH}" y="{y}" width="{length(value):.1f}" height="{BAR}" fill="{colour}"/>')
        if mark:
            at = LABEL_WIDTH + length(mark)
            parts.append(f'<path d="M{end:.1f} {y + BAR / 2}H{at:.1f}M{at:.1f} {y + 3}v{BAR - 6}" stroke="{colour}" stroke-width="2"/>')
            end = max(end, at)
        parts.append(f'<text x="{end + 6:.1f}" y="{y + 15}">{value:.3g} {escape(unit)}</text>')
        y += BAR + GAP
    notes = [note for note in ("logarithmic scale" if logarithmic else "", "line: p99" if any(row[3] for row in rows) else "") if note]
    parts.append(f'<text class="small" x="{LABEL_WIDTH}" y="{y + 10}">{"; ".join(notes)}</text>')
    return _svg(y + 22, title, parts)


def lines(title, series, x_label, x_step=1.0):
    """series: [(label, values, colour, unit)]; each has a scale of its own, from 0 to its maximum, which its label names."""
    height, left, right, top, bottom = 260, 30, 30, 70, 40
    parts, x = [], 12
    for label, values, colour, unit in series:
        most = max(values) or 1
        points = " ".join(
            f"{left + i * (WIDTH - left - right) / max(1, len(values) - 1):.1f},{height - bottom - value / most * (height - top - bottom):.1f}"
            for i, value in enumerate(values)
        )
        text = f"{label}, up to {most:.3g} {unit}".rstrip()
        parts.append(f'<rect x="{x}" y="38" width="12" height="12" fill="{colour}"/><text x="{x + 18}" y="49">{escape(text)}</text>')
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x += 40 + 7 * len(text)
    longest = max(len(values) for _, values, _, _ in series)
    base = height - bottom
    parts.append(f'<path d="M{left} {base}H{WIDTH - right}" stroke="#8a8f98"/>')
    parts.append(f'<text class="small" x="{left}" y="{base + 18}">0</text>')
    end = f"{(longest - 1) * x_step:.6g} {x_label}"
    parts.append(f'<text class="small" x="{WIDTH - right}" y="{base + 18}" text-anchor="end">{escape(end)}</text>')
    return _svg(height, title, parts)


def _bars_of_peers(rounds, keys_of, mark_key=None, scale=1.0):
    rows = []
    for script in ("hello", "data"):
        for peer, name in NAMES.items():
            keys = keys_of(peer)
            value = stats.over_rounds(rounds, peer, script, *keys) if keys else None
            mark = stats.over_rounds(rounds, peer, script, mark_key) if mark_key else None
            if value:
                rows.append((f"{script}: {name}", value * scale, PEER_COLOURS[peer], mark and mark * scale))
    return rows


def draw_all(results):
    """{name: SVG text} of what was measured."""
    measured = results["measured"]
    rounds = measured["rounds"]
    latency = _bars_of_peers(rounds, lambda peer: None if peer == "floor" else ["p50_s"], "p99_s", 1000)
    served = _bars_of_peers(rounds, lambda peer: ["per_s"] if peer == "floor" else ["throughput", "per_s"])
    pictures = {
        "latency": bars(PICTURES["latency"] + " (p50)", latency, "ms", logarithmic=True),
        "throughput": bars(PICTURES["throughput"], served, "/s", logarithmic=True),
    }
    overload = measured.get("overload")
    if overload:
        right, refused = zip(*overload["per_second"])
        pictures["overload"] = lines(
            PICTURES["overload"], [("right", right, COLOURS[0], "/s"), ("refused with 503", refused, COLOURS[2], "/s")], "s"
        )
    long = measured.get("long")
    if long:
        medians = [value * 1000 for value in long["medians_s"] if value is not None]
        memory = [sample["memory_mib"] for sample in long["samples"]]
        series = [("median latency", medians, COLOURS[0], "ms"), ("memory", memory, COLOURS[2], "MiB")]
        pictures["long-run"] = lines(PICTURES["long-run"], series, "runs", long["runs"] / (len(memory) - 1))
    return {name: svg for name, svg in pictures.items() if svg}
