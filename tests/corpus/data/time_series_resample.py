import pandas as pd


def main():
    index = pd.date_range("2026-01-01", periods=120, freq="6h")
    series = pd.Series(range(120), index=index)
    weekly = series.resample("W").sum()
    rolling = series.rolling("2D").mean()
    shifted = series.shift(2).dropna()
    return [d.strftime("%m-%d") for d in weekly.index], weekly.tolist(), round(rolling.iloc[-1], 3), len(shifted), \
        series["2026-01-03"].tolist()
