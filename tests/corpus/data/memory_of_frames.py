import numpy as np
import pandas as pd


def main():
    rng = np.random.default_rng(5)
    df = pd.DataFrame(rng.integers(0, 100, size=(200_000, 5)), columns=list("abcde"))
    small = df.astype("int8")
    return int(df.memory_usage(index=False).sum()), int(small.memory_usage(index=False).sum()), df.sum().tolist()
