import matplotlib.pyplot as plt
import numpy as np


def main():
    figure, grid = plt.subplots(2, 3, sharex=True, figsize=(6, 4))
    for n, axes in enumerate(grid.flat):
        axes.hist(np.sin(np.arange(100) * (n + 1)), bins=10 + n)
        axes.annotate(f"plot {n}", (0, 5))
    figure.suptitle("All")
    figure.tight_layout()
    counts = [len(a.patches) for a in grid.flat]
    plt.close(figure)
    return counts, grid.shape, plt.get_fignums()
