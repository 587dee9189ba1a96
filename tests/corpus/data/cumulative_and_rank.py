import pandas as pd


def main():
    df = pd.DataFrame({"team": list("xyxyx"), "points": [3, 1, 0, 3, 3]})
    df["running"] = df.groupby("team").points.cumsum()
    df["rank"] = df.points.rank(method="dense", ascending=False).astype(int)
    df["share"] = (df.points / df.points.sum()).round(3)
    return df.to_dict("records")
