import os
import time


def main():
    os.environ["GREETING"] = "hi"
    started = time.perf_counter()
    time.sleep(0.01)
    passed = time.perf_counter() - started
    return {
        "env": os.environ.get("GREETING"),
        "expand": os.path.expandvars("$GREETING there"),
        "slept": 0.01 <= passed < 5,
        "epoch": time.gmtime(0)[:6],
        "format": time.strftime("%Y-%m-%d", time.gmtime(86400 * 365)),
        "monotonic": time.monotonic() <= time.monotonic(),
    }
