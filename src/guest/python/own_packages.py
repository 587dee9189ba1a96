"""The operator's own packages: where they are, and which of them the guest imports before it forks."""

import importlib
import os
import site
import sys
import threading
import time

from pyexec_guest import native

_THREADS_END_S = 5  # a module may do something in a thread while it is imported


def add(directories):
    """Puts the directories before the system's packages and behind the standard library, as in a virtual environment
    that sees the system's packages; what their .pth files name comes along."""
    before = list(sys.path)
    for directory in directories:
        site.addsitedir(directory)
    own = sys.path[len(before) :]
    place = next((i for i, path in enumerate(before) if path.endswith(("-packages", "-packages/"))), len(before))
    sys.path[:] = before[:place] + own + before[place:]
    os.environ["PYTHONPATH"] = ":".join(own)  # for a Python that a script starts


def preload(name):
    """Imports the module. Returns None, or what the operator has to know."""
    try:
        importlib.import_module(name)
    except BaseException as error:  # SystemExit too
        return f"preload: {name} cannot be imported: {type(error).__name__}: {error}"
    end = time.monotonic() + _THREADS_END_S
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(max(0, end - time.monotonic()))
    left = native.left_behind()
    return f"preload: {name} has left {left}: a warm interpreter with it cannot be forked" if left else None
