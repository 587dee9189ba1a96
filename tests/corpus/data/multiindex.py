import pandas as pd


def main():
    index = pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]], names=["letter", "number"])
    frame = pd.DataFrame({"value": range(6)}, index=index)
    print(frame.unstack().to_string())
    return frame.loc["b"].value.tolist(), frame.xs(2, level="number").value.to_dict(), frame.groupby("letter").value.sum().to_dict()
