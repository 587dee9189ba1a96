"""A fresh python3 under bubblewrap, as peers (b) and (c) start it for each run.

As such services do it with nsjail: a read-only system, a private /tmp, new namespaces of every kind, a wrapper of a few
lines around the user's script. Nothing in here is slower than it has to be.
"""

import os

BWRAP = [
    "/usr/bin/bwrap",
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    "--ro-bind", "/usr", "/usr",
    "--ro-bind", "/etc", "/etc",
    "--symlink", "usr/bin", "/bin",
    "--symlink", "usr/lib", "/lib",
    "--symlink", "usr/lib64", "/lib64",
    "--proc", "/proc",
    "--dev", "/dev",
    "--tmpfs", "/tmp",
    "--clearenv",
    "--setenv", "PATH", "/usr/bin:/bin",
    "--setenv", "HOME", "/tmp",
    "--setenv", "LANG", "C.UTF-8",
    "--setenv", "OPENBLAS_NUM_THREADS", "1",
]  # fmt: skip

# Behind the user's own text: then line numbers are right.
WRAPPER = """

if __name__ == "__main__":
    import json as _json
    print("Executing main() function...")
    _result = main()
    with open("/sandbox/result.json", "w") as _file:
        _json.dump(_result, _file)
    if _result is not None:
        print(_result)
"""


def prepare(directory, script):
    """Writes the wrapped script into the run's directory."""
    with open(os.path.join(directory, "script.py"), "w", encoding="utf-8") as file:
        file.write(script + WRAPPER)


def command(directory):
    return [*BWRAP, "--bind", directory, "/sandbox", "--chdir", "/sandbox", "/usr/bin/python3", "/sandbox/script.py"]
