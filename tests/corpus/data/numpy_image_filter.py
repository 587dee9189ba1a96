import numpy as np


def blur(image):
    padded = np.pad(image, 1, mode="edge")
    return sum(padded[r : r + image.shape[0], c : c + image.shape[1]] for r in range(3) for c in range(3)) / 9


def main():
    image = np.zeros((8, 8))
    image[2:6, 2:6] = 9
    edges = np.abs(np.diff(image, axis=1)).sum()
    rotated = np.rot90(np.triu(image))
    return blur(image).round(3).tolist()[2], edges, rotated.sum(), np.kron([[1, 0]], [[2, 3]]).tolist()
