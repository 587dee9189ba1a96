"""bench/ is a package beside tests/; its programs are built on demand, as `scripts/bench` does it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def programs():
    subprocess.run([ROOT / "scripts" / "build", "build", "--", "bench/bench-load", "bench/bench-floor"], stdout=subprocess.DEVNULL, check=True)
    return ROOT / "build" / "bench"
