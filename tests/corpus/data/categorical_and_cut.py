import pandas as pd


def main():
    ages = pd.Series([3, 15, 27, 44, 61, 88])
    groups = pd.cut(ages, [0, 12, 18, 65, 120], labels=["child", "teen", "adult", "senior"])
    quartiles = pd.qcut(ages, 3, labels=False)
    sizes = pd.Categorical(["m", "s", "l", "s"], categories=["s", "m", "l"], ordered=True)
    return groups.astype(str).tolist(), quartiles.tolist(), sizes.codes.tolist(), str(sizes.max())
