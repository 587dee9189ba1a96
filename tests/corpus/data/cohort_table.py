import pandas as pd


def main():
    events = pd.DataFrame({
        "user": [1, 1, 2, 2, 3, 1, 3],
        "month": pd.PeriodIndex(["2026-01", "2026-02", "2026-01", "2026-03", "2026-02", "2026-03", "2026-03"], freq="M"),
    })
    first = events.groupby("user").month.transform("min")
    events["age"] = [(m - f).n for m, f in zip(events.month, first)]
    table = events.assign(cohort=first.astype(str)).pivot_table(index="cohort", columns="age", values="user", aggfunc="nunique")
    return table.fillna(0).astype(int).values.tolist()
