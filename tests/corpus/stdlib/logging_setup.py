import logging
import sys


class Collect(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


def main():
    log = logging.getLogger("app.db")
    log.setLevel(logging.DEBUG)
    collect = Collect()
    collect.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(funcName)s:%(message)s"))
    log.addHandler(collect)
    log.addHandler(logging.StreamHandler(sys.stdout))
    log.debug("opened %s", "file")
    log.warning("slow: %d ms", 1200)
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("failed")
    return [line.splitlines()[0] for line in collect.lines]
