import re
from datetime import timedelta


def duration(text):
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    found = re.findall(r"(\d+(?:\.\d+)?)\s*([dhms])", text)
    if not found:
        raise ValueError(text)
    return timedelta(**{units[u]: float(n) for n, u in found})


def main():
    good = {t: duration(t) for t in ("1h30m", "2d 4h", "45s", "1.5h")}
    try:
        duration("soon")
    except ValueError as error:
        return good, str(error)
