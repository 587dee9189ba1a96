import io

import numpy as np


def main():
    a = np.arange(6).reshape(2, 3)
    np.save("a.npy", a)
    np.savez_compressed("both.npz", x=a, y=a.T)
    np.savetxt("a.txt", a, fmt="%d", delimiter=",")
    loaded = np.load("both.npz")
    text = np.genfromtxt(io.StringIO("1,2\n3,x"), delimiter=",")
    return np.load("a.npy").tolist(), loaded["y"].shape, open("a.txt").read(), text
