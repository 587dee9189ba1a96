import numpy as np


def main():
    rng = np.random.default_rng(123)
    steps = rng.choice([-1, 1], size=(500, 200))
    walks = steps.cumsum(axis=1)
    hit = np.abs(walks) >= 20
    return int(hit.any(axis=1).sum()), walks[:, -1].mean().round(4), walks.max(), int(np.argmax(walks[0]))
