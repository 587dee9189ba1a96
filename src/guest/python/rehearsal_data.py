"""As rehearsal_lean.py, with a small DataFrame. What it touches, each sandbox pays for at its start, and what it leaves
out, the script does in its own time: so no more than nearly every script with pandas does."""

import json

import numpy as np
import pandas as pd


def main(*args, named=None, thorough=False):
    print("rehearsal", len(args))
    frame = pd.DataFrame({"key": ["a", "b", "a"], "value": np.array([1.5, 2.5, 3.5])})
    words = sorted("to be or not to be".split(), key=len)
    try:
        words[100]
    except IndexError as error:
        words.append(f"{error!r:.40}")
    if thorough:  # in the guest: what is shown and handed back shall be warm too
        named["frame"] = frame
    return {"named": named, "sum": frame["value"].sum(), "json": json.dumps(words)}
