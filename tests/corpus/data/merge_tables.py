import pandas as pd


def main():
    people = pd.DataFrame({"id": [1, 2, 3], "name": ["Ann", "Bob", "Cid"]})
    orders = pd.DataFrame({"person": [1, 1, 3, 9], "total": [5, 7, 11, 13]})
    inner = people.merge(orders, left_on="id", right_on="person")
    outer = people.merge(orders, left_on="id", right_on="person", how="outer", indicator=True)
    return inner.groupby("name").total.sum().to_dict(), outer["_merge"].astype(str).value_counts().to_dict()
