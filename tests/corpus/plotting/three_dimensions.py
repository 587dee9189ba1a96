import matplotlib.pyplot as plt
import numpy as np


def main():
    figure = plt.figure()
    axes = figure.add_subplot(projection="3d")
    x, y = np.meshgrid(np.linspace(-1, 1, 8), np.linspace(-1, 1, 8))
    axes.plot_surface(x, y, x**2 - y**2)
    axes.view_init(30, 45)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    plt.close(figure)
    return axes.name, pixels.shape, bool(pixels.std() > 1)
