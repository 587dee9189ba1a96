import numpy as np
import pandas as pd


def main():
    x = np.arange(50)
    df = pd.DataFrame({"x": x, "double": 2 * x + 1, "square": (x - 25) ** 2})
    stats = df.describe().loc[["mean", "std", "50%"]].round(4)
    return df.corr().round(6).values.tolist(), stats.to_dict()
