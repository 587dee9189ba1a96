"""Whether Python must be told that a guest forks.

PyOS_BeforeFork() and PyOS_AfterFork_Child() take locks and make them anew, for threads that a guest does not have: it
holds none when it forks. That writes to a hundred pages of each sandbox. What the modules below do besides, entropy.py
does; when any other has registered a function for forks, Python is told as ever.
"""

import os
import sys

_KNOWN = {
    "threading",  # locks; the thread's id: entropy.renew()
    "logging",  # locks
    "random",  # entropy.renew()
    "concurrent.futures.thread",  # a lock
    "matplotlib.font_manager",  # a cache of open files; warm.py leaves it empty
}

_register = os.register_at_fork
_unknown = []


def watch():
    """Before the guest's imports."""

    def register_at_fork(**functions):
        _register(**functions)
        module = sys._getframe(1).f_globals.get("__name__")
        if module not in _KNOWN:
            _unknown.append(module)

    os.register_at_fork = register_at_fork


def decide():
    """After them: whether Python must be told."""
    os.register_at_fork = _register
    return bool(_unknown)
