import pandas as pd


def grade(row):
    total = row["exam"] * 0.7 + row["work"] * 0.3
    return "A" if total >= 80 else "B" if total >= 60 else "C"


def main():
    df = pd.DataFrame({"class": [1, 1, 2, 2], "exam": [90, 55, 70, 62], "work": [60, 80, 75, 40]})
    df["grade"] = df.apply(grade, axis=1)
    df["centred"] = df.groupby("class").exam.transform(lambda s: s - s.mean())
    return df.assign(double=lambda d: d.exam * 2).query("exam > 60").to_dict("list")
