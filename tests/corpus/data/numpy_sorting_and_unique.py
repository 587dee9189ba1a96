import numpy as np


def main():
    a = np.array([3, 1, 2, 3, 1, 9])
    values, counts = np.unique(a, return_counts=True)
    order = np.argsort(a, kind="stable")
    return values.tolist(), counts.tolist(), order.tolist(), np.searchsorted([1, 3, 5], [0, 3, 4]).tolist(), \
        np.histogram(a, bins=3)[0].tolist(), np.percentile(a, [25, 50]).tolist(), np.digitize(a, [2, 4]).tolist()
