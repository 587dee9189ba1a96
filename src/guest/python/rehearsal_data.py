"""As rehearsal_lean.py, with a small DataFrame."""

import json

import numpy as np
import pandas as pd


def main(*args, named=None):
    print("rehearsal", len(args))
    frame = pd.DataFrame({"key": ["a", "b", "a"], "value": np.array([1.5, 2.5, 3.5])})
    frame["double"] = frame["value"] * 2
    words = sorted("to be or not to be".split(), key=len)
    try:
        words[100]
    except IndexError as error:
        words.append(f"{error!r:.40}")
    means = frame.groupby("key")["value"].mean()
    return {"named": named, "means": means, "frame": frame, "sum": np.arange(6).sum(), "json": json.dumps(words)}
