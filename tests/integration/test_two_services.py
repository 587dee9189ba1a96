"""Two services of one user on one machine, without namespaces: each ends its own sandboxes' processes and no others."""

import os
import threading

import pytest

from .support.daemon import Daemon

SCRIPT = """
import subprocess
def main():
    return subprocess.run(["sh", "-c", "sleep 0.05; echo whole"], capture_output=True, text=True).stdout
"""
RUNS = 15


@pytest.mark.needs_own
@pytest.mark.needs_process
def test_labels_are_apart(tmp_path):
    ordinary = os.getuid() == 0
    services = [Daemon(tmp_path, as_user=ordinary, isolation="landlock") for _ in range(2)]
    answers = []

    def run(service):
        for _ in range(RUNS):
            answers.append(service.client.execute(SCRIPT))

    try:
        for service in services:
            service.start()
        threads = [threading.Thread(target=run, args=[service]) for service in services]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for service in services:
            service.client.close()
            if service.process is not None:
                service.stop()
    wrong = [answer for status, answer in answers if status != 200 or answer["result"] != "whole\n"]
    assert len(answers) == 2 * RUNS and not wrong, wrong[:3]
