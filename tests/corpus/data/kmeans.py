import numpy as np


def main():
    rng = np.random.default_rng(0)
    points = np.vstack([rng.normal(c, 0.5, (40, 2)) for c in ((0, 0), (5, 5), (0, 6))])
    centres = points[[0, 45, 90]]
    for _ in range(20):
        nearest = ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.array([points[nearest == k].mean(axis=0) for k in range(3)])
    return centres.round(3).tolist(), np.bincount(nearest).tolist()
