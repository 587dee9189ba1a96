import pandas as pd


def main():
    starts = pd.to_datetime(["2026-01-01 08:00", "2026-01-02 09:30"])
    ends = pd.to_datetime(["2026-01-01 17:15", "2026-01-03 00:00"])
    spans = pd.Series(ends - starts)
    periods = pd.period_range("2026-01", periods=3, freq="M")
    return (spans.dt.total_seconds() / 3600).tolist(), [str(p) for p in periods], starts.day_name().tolist(), \
        pd.bdate_range("2026-01-01", "2026-01-12").strftime("%d").tolist()
