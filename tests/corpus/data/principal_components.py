import numpy as np


def main():
    rng = np.random.default_rng(9)
    base = rng.normal(size=(100, 1))
    data = np.hstack([base, 2 * base, -base]) + rng.normal(scale=0.05, size=(100, 3))
    centred = data - data.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(centred.T))
    share = values[::-1] / values.sum()
    return share.round(4).tolist(), np.abs(vectors[:, -1]).round(2).tolist()
