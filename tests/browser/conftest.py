"""The daemon as the integration tests start it, and a Chromium that node drives (driver.mjs).

Wants node 20 or newer, npm and Debian's chromium; what package-lock.json names is installed here by npm.
"""

import filecmp
import json
import os
import select
import shutil
import subprocess
from pathlib import Path

import pytest
from integration import conftest as shared
from integration.conftest import (  # noqa: F401
    as_user,
    daemon,
    log_directory,
    make_daemon,
    own_service,
    public_directory,
    service,
)

HERE = Path(__file__).resolve().parent
SCREENSHOTS = HERE.parent.parent / "build" / "browser-screenshots"
SCENARIO_LIMIT_S = 9 * float(os.environ.get("BROWSER_PATIENCE_S", 20))


def pytest_addoption(parser, pluginmanager):
    """The options and hooks of the integration tests, once, whichever folder comes first."""
    name = str(Path(shared.__file__))
    if not pluginmanager.has_plugin(name):
        pluginmanager.register(shared, name)


def install():
    """What the lock file names, unless it is there. No package may run anything while it is installed."""
    lock, installed = HERE / "package-lock.json", HERE / "node_modules" / ".lock"
    if not installed.exists() or not filecmp.cmp(lock, installed, shallow=False):
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True)
        shutil.copy(lock, installed)


class Browser:
    """Plays scenarios in one Chromium, each with a profile of its own."""

    def __init__(self, home):
        environment = {**os.environ, "SCREENSHOTS": str(SCREENSHOTS), "HOME": str(home), "TMPDIR": str(home)}
        self.process = subprocess.Popen(
            ["node", "driver.mjs"], cwd=HERE, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def play(self, scenario, service=None, **given):
        """Plays one; without a service it goes on in the page of the one before. Returns what it tells."""
        request = {"scenario": scenario, "continued": service is None, **given}
        if service is not None:
            request["url"] = f"{service.url}/"
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        assert select.select([self.process.stdout], [], [], SCENARIO_LIMIT_S)[0], f"{scenario} took longer than {SCENARIO_LIMIT_S} s"
        line = self.process.stdout.readline()
        assert line, f"the driver ended with {self.process.wait()}"
        answer = json.loads(line)
        assert answer["ok"], answer["error"]
        return answer

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    install()
    started = Browser(tmp_path_factory.mktemp("browser"))
    yield started
    started.close()
