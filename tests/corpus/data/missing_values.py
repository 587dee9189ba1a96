import numpy as np
import pandas as pd


def main():
    df = pd.DataFrame({"a": [1, np.nan, 3, np.nan], "b": ["x", None, "z", "w"], "c": [1.5, 2.5, np.nan, 4.0]})
    return {
        "nulls": df.isna().sum().to_dict(),
        "filled": df.a.fillna(df.a.mean()).tolist(),
        "forward": df.c.ffill().tolist(),
        "dropped": len(df.dropna()),
        "interpolated": df.a.interpolate().tolist(),
    }
