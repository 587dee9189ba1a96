"""A script of our own that touches what most scripts touch. It defines no class: classes outlive a run."""

import json
import math


def helper(values):
    return sum(value * value for value in values if value > 1)


def main(*args, named=None, thorough=False):
    print("rehearsal", len(args))
    table = {str(number): math.sqrt(number) for number in range(8)}
    words = sorted("to be or not to be".split(), key=len)
    try:
        table["missing"][0]
    except (KeyError, TypeError) as error:
        words.append(f"{error!r:.40}")
    return {"args": args, "named": named, "helper": helper([1, 2, 3]), "words": words, "json": json.dumps(table)}
