import numpy as np


def main():
    rng = np.random.default_rng(3)
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    w1, w2 = rng.normal(size=(3, 8)), rng.normal(size=(9, 1))
    ones = np.ones((4, 1))
    for _ in range(4000):
        hidden = np.tanh(np.hstack([x, ones]) @ w1)
        out = 1 / (1 + np.exp(-np.hstack([hidden, ones]) @ w2))
        delta = (out - y) * out * (1 - out)
        back = (delta @ w2[:-1].T) * (1 - hidden**2)
        w2 -= 0.8 * np.hstack([hidden, ones]).T @ delta
        w1 -= 0.8 * np.hstack([x, ones]).T @ back
    return (out > 0.5).astype(int).ravel().tolist()
