"""Targets, guard, table and charts of `make bench`."""

import json
import re
import xml.etree.ElementTree
from pathlib import Path

import pytest

from bench import chart, report, targets
from bench.peers import DATA, HELLO

ROOT = Path(__file__).resolve().parent.parent.parent
GUARDED = {row.key: row for row in targets.ROWS if row.guard is not None}


def passing():
    return {row.key: row.guard for row in GUARDED.values()}


def test_guard_passes_at_its_levels():
    assert targets.guard_failures(passing()) == []


@pytest.mark.parametrize("key", GUARDED)
def test_guard_fails_on_each_row(key):
    row = GUARDED[key]
    worse = row.guard * (1.01 if row.lower_is_better else 0.99)
    (failure,) = targets.guard_failures({**passing(), key: worse})
    assert row.text in failure


@pytest.mark.parametrize("key", GUARDED)
def test_guard_fails_on_what_was_not_measured(key):
    assert targets.guard_failures({**passing(), key: None})
    assert targets.guard_failures({name: value for name, value in passing().items() if name != key})


def test_guard_looks_at_no_time():
    assert {row.unit for row in GUARDED.values()} <= {"x", "MiB"}


@pytest.mark.parametrize("row", GUARDED.values(), ids=list(GUARDED))
def test_guard_is_never_stricter_than_half_of_the_target(row):
    if row.lower_is_better:
        assert row.guard >= row.at_least * 2
    else:
        assert row.guard <= row.at_least / 2


@pytest.mark.parametrize("row", targets.ROWS, ids=[row.key for row in targets.ROWS])
def test_beyond_is_further_than_at_least(row):
    if row.beyond is not None:
        assert row.reached(row.beyond, row.at_least) and not row.reached(row.at_least, row.beyond)


@pytest.mark.parametrize(
    "status, body, right",
    [
        (200, '{"success": true, "result": "Hello, World!", "stdout": ""}', True),
        (200, '{"result":"Hello, World!","success":true}', True),
        (503, '{"success": true, "result": "Hello, World!"}', False),
        (200, '{"success": false, "result": "Hello, World!"}', False),
        (200, '{"success": true, "result": "Hello"}', False),
        (200, "<html>", False),
    ],
)
def test_an_answer_is_right_only_when_it_is(status, body, right):
    assert HELLO.is_right(status, body) == right


def test_results_of_the_scripts_are_what_is_expected():
    namespace = {}
    exec(compile(DATA.source, "data.py", "exec"), namespace)  # noqa: S102
    assert json.dumps(namespace["main"]()) == DATA.result


def round_of(service, flask):
    def both(p50, per_s):
        return {name: {"p50_s": p50, "p99_s": 2 * p50, "n": 9, "throughput": {"per_s": per_s}} for name in ("hello", "data")}

    memory = {"lean": {"run_mib": 1.0, "init_mib": 0.25}, "data": {"run_mib": 3.0, "init_mib": 0.25}}
    return {
        "service": {**both(service, 1000), "memory": memory},
        "flask": both(flask, 20),
        "bubblewrap": {"hello": {"p50_s": 0.05, "p99_s": 0.06, "n": 3}},
        "floor": {"hello": {"per_s": 800, "p50_s": 0.002}, "data": {"per_s": 500, "p50_s": 0.004}},
    }


def measured():
    samples = [{"memory_mib": size, "descriptors": 9, "processes": 9, "cgroups": 3, "mounts": 9} for size in (99, 100, 102)]
    return {
        "rounds": [round_of(0.001, 0.1), round_of(0.002, 0.1), round_of(0.001, 0.3)],
        "starts": [{"first_s": 0.2, "data_s": 1.5, "failed": 0}],
        "overload": {
            "goodput_per_s": 95, "peak_per_s": 100, "refused_p99_s": 0.004, "past_deadline": 0, "rate_per_s": 1000, "seconds": 2,
            "connections": 9, "right": 190, "refused": 9, "expired_in_queue": 0, "never_sent": 0, "wrong_or_failed": 0,
            "sent_late_p99_s": None, "per_second": [[95, 5], [95, 4]],
        },
        "long": {
            "runs": 20, "clients": 4, "wrong_or_failed": 0, "window": 5, "first_p50_s": 0.002, "last_p50_s": 0.0021,
            "samples": samples, "medians_s": [0.002, 0.0021],
        },
    }  # fmt: skip


def results():
    return report.results_of({**measured(), "machine": report.machine()}, "full")


def test_values_are_medians_of_rounds_and_ratios_of_those():
    values = report.values_of(measured())
    assert values["latency_hello"] == pytest.approx(100)
    assert values["latency_hello_bwrap"] == pytest.approx(50) and values["latency_data_bwrap"] is None
    assert values["tail_hello"] == pytest.approx(2)
    assert values["throughput_hello"] == pytest.approx(50)
    assert values["floor_hello"] == pytest.approx(1.25)
    assert values["memory_lean"] == pytest.approx(1.25)
    assert values["overload_goodput"] == pytest.approx(0.95) and values["overload_refused"] == pytest.approx(4)
    assert values["long_memory"] == pytest.approx(2) and values["long_counts"] == 0
    assert values["long_latency"] == pytest.approx(1.05)


def test_every_row_of_the_table_has_a_value():
    assert set(report.values_of(measured())) == {row.key for row in targets.ROWS}


def test_a_leak_is_seen():
    leaking = measured()
    leaking["long"]["samples"][-1]["descriptors"] += 1
    assert report.values_of(leaking)["long_counts"] == 1


def test_table_says_what_is_reached():
    rows = {row[0]: row[1:] for row in report.table_rows({"latency_hello": 70, "tail_hello": 3, "memory_lean": None})}
    (latency,) = [cells for text, cells in rows.items() if text.startswith("latency p50, hello")]
    assert latency == ("70 ×", "60 ×: ok", "100 ×: not")
    assert rows["latency p99 / p50, hello"] == ("3 ×", "4 ×: ok", "2 ×: not")
    assert rows["private memory of an idle ready sandbox, lean"] == ("not measured", "1.5 MiB: –", "1 MiB: –")


def test_results_survive_json_and_name_no_host():
    text = json.dumps(results())
    assert json.loads(text)["values"]["latency_hello"] == pytest.approx(100)
    assert not re.search(r"[0-9]-[a-z]+-v", json.loads(text)["machine"]["kernel"])


def test_charts_are_well_formed():
    pictures = chart.draw_all(results())
    assert set(pictures) == set(chart.PICTURES)
    for svg in pictures.values():
        assert xml.etree.ElementTree.fromstring(svg).tag.endswith("svg")


def test_bar_lengths_follow_values():
    svg = chart.bars("title", [("a", 1, "#000", None), ("b", 2, "#000", None)], "ms")
    first, second = (float(width) for width in re.findall(r'width="([\d.]+)" height="20"', svg))
    assert second == pytest.approx(2 * first, rel=0.01)


def test_document_is_written_between_its_marks(tmp_path, monkeypatch):
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}old\n{report.END}after\n", encoding="utf-8")
    monkeypatch.setattr(report, "DOCUMENT", document)
    monkeypatch.setattr(report, "PICTURES", tmp_path / "performance")
    report.write_document(results())
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{report.BEGIN}") and text.endswith(f"{report.END}after\n") and "old" not in text
    assert "| latency p50, hello" in text and "performance/latency.svg" in text
    assert {path.stem for path in (tmp_path / "performance").iterdir()} == set(chart.PICTURES)


def test_the_real_document_has_the_marks():
    text = report.DOCUMENT.read_text(encoding="utf-8")
    assert text.count(report.BEGIN) == 1 and text.count(report.END) == 1 and text.index(report.BEGIN) < text.index(report.END)
