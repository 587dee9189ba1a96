"""A fresh random state in every run, for every source, in both guests; nothing one run leaves is in another."""

import pytest

SOURCES = {
    "random": ("import random", "random.random()"),
    "random-bits": ("import random", "random.getrandbits(64)"),
    "system-random": ("import random", "random.SystemRandom().random()"),
    "secrets": ("import secrets", "secrets.token_hex(16)"),
    "uuid1": ("import uuid", "uuid.uuid1()"),
    "uuid4": ("import uuid", "uuid.uuid4()"),
    "urandom": ("import os", "os.urandom(16).hex()"),
    "getrandom": ("import os", "os.getrandom(16).hex()"),
    "ssl": ("import ssl", "ssl.RAND_bytes(16).hex()"),
    "tempfile": ("import tempfile", "tempfile.mktemp()"),
    "tempfile-made": ("import tempfile", "tempfile.mkdtemp()"),
    "numpy-global": ("import numpy", "float(numpy.random.rand())"),
    "numpy-generator": ("import numpy", "float(numpy.random.default_rng().random())"),
    "numpy-state": ("import numpy", "int(numpy.random.randint(2**62))"),
    "libc": ("import ctypes", "libc_random(ctypes)"),
    "multiprocessing-names": ("import multiprocessing.process as p", "bytes(p.current_process().authkey).hex()"),
}  # fmt: skip

LIBC_RANDOM = """
def libc_random(ctypes):
    buffer = ctypes.create_string_buffer(16)
    assert ctypes.CDLL(None).getentropy(buffer, 16) == 0
    return buffer.raw.hex()
"""

RUNS = 12


def collect(service, setup):
    lines = "\n".join(line for line, _ in SOURCES.values() if setup or "numpy" not in line)
    pairs = ", ".join(f"{name!r}: {code}" for name, (line, code) in SOURCES.items() if setup or "numpy" not in line)
    script = f"{setup}\n{lines}\n{LIBC_RANDOM}\ndef main():\n    return {{{pairs}}}\n"
    return [service.result(script) for _ in range(RUNS)]


@pytest.mark.parametrize("setup", ["", "import pandas"], ids=["lean", "data"])
def test_every_source_is_fresh(service, setup):
    answers = collect(service, setup)
    repeated = {name for name in answers[0] if len({str(answer[name]) for answer in answers}) != RUNS}
    assert not repeated, repeated


@pytest.mark.parametrize("setup", ["", "import numpy\n"], ids=["lean", "data"])
def test_children_of_one_run_differ_from_those_of_the_next(service, setup):
    script = f"""{setup}
import os, ssl, random
def main():
    reader, writer = os.pipe()
    for _ in range(2):
        if os.fork() == 0:
            os.write(writer, f"{{random.random()}} {{ssl.RAND_bytes(8).hex()}}\\n".encode())
            os._exit(0)
        os.wait()
    return os.read(reader, 4096).decode().split()
"""
    values = [value for _ in range(6) for value in service.result(script)]
    assert len(set(values[1::2])) == len(values[1::2]), "ssl.RAND_bytes in children"
    firsts = values[0::4]
    assert len(set(firsts)) == len(firsts), "random in children"


def test_a_seed_still_gives_its_series(service):
    script = """
        import random
        import numpy as np
        def main():
            random.seed(7)
            np.random.seed(7)
            return [random.random(), float(np.random.rand()), float(np.random.default_rng(7).random())]
        """
    assert len({str(service.result(script)) for _ in range(4)}) == 1
    import random

    assert service.result(script)[0] == random.Random(7).random()


def test_a_seed_does_not_reach_the_next_run(service):
    seeding = "import random\ndef main():\n    random.seed(1)\n    return random.random()"
    plain = "import random\ndef main():\n    return random.random()"
    seeded = service.result(seeding)
    assert seeded not in [service.result(plain) for _ in range(8)]
