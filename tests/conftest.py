"""For every suite: in CI (CI=true) a test that was skipped has not been run, and that is a failure."""

import os

import pytest

skipped = []


def pytest_addoption(parser):
    parser.addoption("--slice", type=int, default=1, metavar="N", help="of each test that has cases, only every N-th, and the first; none that is slow")
    parser.addoption("--rest", action="store_true", help="what --slice leaves out instead")


def pytest_collection_modifyitems(config, items):
    every = config.getoption("--slice")
    if every < 2:
        return
    seen, kept, left = {}, [], []
    for item in items:
        test = item.nodeid.partition("[")[0]
        seen[test] = seen.get(test, -1) + 1
        is_left = seen[test] % every or item.get_closest_marker("slow")
        (left if is_left else kept).append(item)
    if config.getoption("--rest"):
        kept, left = left, kept
    items[:] = kept
    config.hook.pytest_deselected(items=left)


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        skipped.append(report.nodeid)


def pytest_collectreport(report):
    if report.skipped:
        skipped.append(report.nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    if skipped and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    if skipped and os.environ.get("CI") == "true":
        terminalreporter.section("skipped, which CI takes as failed", red=True)
        for name in skipped:
            terminalreporter.line(name)
