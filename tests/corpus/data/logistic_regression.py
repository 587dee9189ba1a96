import numpy as np


def main():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 2))
    y = (x[:, 0] + 2 * x[:, 1] > 0.3).astype(float)
    w, b = np.zeros(2), 0.0
    for _ in range(500):
        p = 1 / (1 + np.exp(-(x @ w + b)))
        w -= 0.5 * x.T @ (p - y) / len(y)
        b -= 0.5 * (p - y).mean()
    accuracy = ((p > 0.5) == y).mean()
    return w.round(3).tolist(), round(float(b), 3), float(accuracy) > 0.95
