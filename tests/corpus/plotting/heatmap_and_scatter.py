import matplotlib.pyplot as plt
import numpy as np


def main():
    data = np.add.outer(np.arange(5), np.arange(4))
    figure, (left, right) = plt.subplots(1, 2)
    image = left.imshow(data, cmap="viridis")
    figure.colorbar(image, ax=left)
    points = right.scatter(range(5), range(5), s=[10, 20, 30, 40, 50], c=range(5))
    right.set_yscale("log")
    figure.canvas.draw()
    answer = image.get_array().shape, points.get_sizes().tolist(), right.get_yscale(), len(figure.axes)
    plt.close(figure)
    return answer
