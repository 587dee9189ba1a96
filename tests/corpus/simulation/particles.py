import numpy as np


def main():
    rng = np.random.default_rng(8)
    position, velocity = rng.random((50, 2)), rng.normal(scale=0.02, size=(50, 2))
    energy = (velocity**2).sum()
    for _ in range(300):
        position += velocity
        outside = (position < 0) | (position > 1)
        velocity[outside] *= -1
        position = np.clip(position, 0, 1)
    return bool(np.isclose((velocity**2).sum(), energy)), position.min() >= 0, position.max() <= 1
