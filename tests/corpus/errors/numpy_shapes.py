import numpy as np


def main():
    left, right = np.ones((2, 3)), np.ones((4, 3))
    return (left + right).tolist()
