import numpy as np


def main():
    people = np.array([("ann", 31, 1.7), ("bob", 25, 1.8)], dtype=[("name", "U10"), ("age", "i4"), ("height", "f8")])
    people.sort(order="age")
    masked = np.ma.masked_less([5, -1, 7], 0)
    dates = np.arange("2026-02-27", "2026-03-02", dtype="datetime64[D]")
    return people["name"].tolist(), people[people["age"] > 30]["height"].tolist(), masked.mean(), dates.astype(str).tolist()
