import pandas as pd


def main():
    jan = pd.Series({"a": 1, "b": 2}, name="jan")
    feb = pd.Series({"b": 5, "c": 7}, name="feb")
    both = pd.concat([jan, feb], axis=1).fillna(0).astype(int)
    stacked = pd.concat([jan, feb], keys=["jan", "feb"])
    return both.sort_index().to_dict("index"), stacked.loc["feb"].to_dict(), jan.reindex(list("abz"), fill_value=-1).tolist()
