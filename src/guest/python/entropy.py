"""What a sandbox must have for itself, random state above all: every sandbox of one guest is a copy of the same memory."""

import os
import random
import sys
import tempfile
import threading

_urandom = os.urandom


def renew():
    random.seed()
    threading.main_thread()._set_native_id()
    # These notice a fork by another process id. A guest and its sandbox may have the same one, each in its namespace.
    tempfile._name_sequence = None
    tempfile.tempdir = None
    modules = sys.modules
    if "ssl" in modules:
        modules["ssl"].RAND_add(_urandom(64), 64.0)
    if "uuid" in modules:
        modules["uuid"]._last_timestamp = None
        modules["uuid"]._node = None
    if "multiprocessing.process" in modules:
        process = modules["multiprocessing.process"]
        process._current_process._config["authkey"] = process.AuthenticationString(_urandom(32))
    if "multiprocessing.synchronize" in modules:
        modules["multiprocessing.synchronize"].SemLock._rand = tempfile._RandomNameSequence()
    if "numpy.random" in modules:
        modules["numpy.random"].seed()
