"""Runs one file of CPython's own regression tests and says what became of each test. This text is posted as a script in
mode `script`, with the file's name in the environment, and run by plain python3 for comparison: its last expression is
{"tests": {name: outcome}, "reasons": {name: the last line of a failure}}, or {"skipped": why} for a whole file."""

import importlib
import os
import re
import sys
import unittest


class Outcomes(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.tests, self.reasons, self.subtests = {}, {}, set()

    def note(self, test, outcome, reason=""):
        name = re.sub(r" object at 0x[0-9a-f]+", "", test.id())
        self.tests[name] = outcome
        if reason:
            self.reasons[name] = reason[:300]

    def addSuccess(self, test):
        if test.id() not in self.subtests:
            self.note(test, "ok")

    def addError(self, test, error):
        self.note(test, "failed", f"{error[0].__name__}: {error[1]}")

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.subtests.add(test.id())
            self.note(test, "failed", f"{error[0].__name__}: {error[1]}")

    def addSkip(self, test, reason):
        self.note(test, "skipped", reason)

    def addExpectedFailure(self, test, error):
        self.note(test, "ok")

    def addUnexpectedSuccess(self, test):
        self.note(test, "failed", "unexpected success")


def run(name):
    from test import support

    support.verbose = 0
    support.use_resources = ["cpu"]
    outcomes = Outcomes()
    try:
        module = importlib.import_module(f"test.{name}")
        suite = unittest.defaultTestLoader.loadTestsFromModule(module)
        suite.run(outcomes)
    except unittest.SkipTest as reason:
        return {"skipped": str(reason)[:300]}
    return {"tests": outcomes.tests, "reasons": outcomes.reasons}


os.chdir(os.environ.get("TMPDIR", "/tmp"))
stdout, sys.stdout = sys.stdout, open(os.devnull, "w")
answer = run(os.environ["REGRESSION_TEST"])
sys.stdout = stdout
answer
