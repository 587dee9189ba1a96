"""The end of a run, as Python ends: joins threads, runs exit handlers, flushes.

Most scripts leave nothing to join and registered no handler. Then the library's own ends would find nothing to do, and
write to a hundred pages while the client waits: they are left out. What cannot be told for sure counts as something to
do.
"""

import _thread
import atexit
import gc
import io
import logging
import multiprocessing.process
import multiprocessing.util
import os
import stat
import sys
import threading

from pyexec_guest import figures, native, streams

# What the guest's own imports have registered. They have nothing to do while is_quiet() finds nothing else.
_KNOWN_HANDLERS = {
    ("logging", "shutdown"),
    ("multiprocessing.util", "_exit_function"),
    ("matplotlib._pylab_helpers", "Gcf.destroy_all"),
    ("PIL._imaging", "clear_cache"),  # frees memory
}

_shut_threads_down = threading._shutdown
_run_exit_handlers = atexit._run_exitfuncs
_count_exit_handlers = atexit._ncallbacks
_unregister = atexit.unregister
_count_threads = _thread._count
_live_objects = gc.get_objects
_fstat = os.fstat
_children = multiprocessing.process._children
_finalizers = multiprocessing.util._finalizer_registry


class _Listing:
    """Equal to nothing, and remembers what it was compared with: how to ask for the exit handlers."""

    def __init__(self):
        self.found = []

    def __eq__(self, other):
        self.found.append(other)
        return False

    __hash__ = None


def _exit_handlers():
    listing = _Listing()
    _unregister(listing)
    return listing.found


def _same(objects, others):
    return len(objects) == len(others) and all(map(_is, objects, others))


def _is(one, other):
    return one is other


_exit_handlers_before = None
_thread_handlers_before = ()
_thread_locks_before = frozenset()
_log_handlers_before = ()


def remember():
    """Once in a guest, after its imports."""
    global _exit_handlers_before, _thread_handlers_before, _thread_locks_before, _log_handlers_before
    handlers = _exit_handlers()
    names = {(getattr(handler, "__module__", None), getattr(handler, "__qualname__", None)) for handler in handlers}
    _exit_handlers_before = tuple(handlers) if names <= _KNOWN_HANDLERS else None
    _thread_handlers_before = tuple(threading._threading_atexits)
    _thread_locks_before = frozenset(threading._shutdown_locks)  # the main thread's
    _log_handlers_before = tuple(logging._handlerList)


def is_quiet():
    """Whether the library's ends would find nothing to do. May run the script's code, or fail."""
    return (
        _exit_handlers_before is not None
        and _count_exit_handlers() == len(_exit_handlers_before)
        and _count_threads() == 0
        and threading._shutdown_locks <= _thread_locks_before  # of threads that have yet to be joined
        and threading._shutdown is _shut_threads_down
        and not _children
        and not _finalizers
        and not figures.are_open()
        and _same(threading._threading_atexits, _thread_handlers_before)
        and _same(logging._handlerList, _log_handlers_before)
        and _same(_exit_handlers(), _exit_handlers_before)
    )


# Texts first: they flush into the others.
_FILE_TYPES = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)


def _flush_files():
    """Files that the script has left open are flushed where they are, as Python does at its end. All that is looked at
    afterwards is the output directory: without one there is nothing to do, and forks leave it to their parent."""
    if not (native.is_owner() and native.has_output()):
        return
    objects = _live_objects()
    for file_type in _FILE_TYPES:
        for file in objects:
            if not issubclass(type(file), file_type):
                continue
            try:
                if stat.S_ISREG(_fstat(file_type.fileno(file)).st_mode):  # what else there is might block
                    file_type.flush(file)
            except Exception:  # closed, or its descriptor, or no space: too late to tell anybody
                pass


def _library_ends():
    shutdowns = [_shut_threads_down]
    current = getattr(sys.modules.get("threading"), "_shutdown", None)
    if current is not None and current is not _shut_threads_down:
        shutdowns.append(current)
    # Figures before the exit handlers: matplotlib has one that closes them.
    return (*shutdowns, figures.hand_back, _run_exit_handlers)


def steps():
    """What is to be called, in this order, each whatever becomes of the others."""
    try:
        quiet = is_quiet()
    except BaseException:  # the script's doing
        quiet = False
    return (streams.flush, _flush_files) if quiet else (*_library_ends(), streams.flush, _flush_files)
