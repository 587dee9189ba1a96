import matplotlib.pyplot as plt
import numpy as np


def main():
    x = np.linspace(0, 4 * np.pi, 400)
    fig, ax = plt.subplots(figsize=(7, 3.5))
    for damping in (0.05, 0.15, 0.3):
        ax.plot(x, np.sin(x) * np.exp(-damping * x), label=f"damping {damping}")
    ax.set_xlabel("t")
    ax.set_title("A spring comes to rest")
    ax.legend()
    ax.grid(alpha=0.3)
    plt.show()
