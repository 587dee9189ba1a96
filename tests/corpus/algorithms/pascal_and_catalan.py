from math import comb


def main():
    rows = [[comb(n, k) for k in range(n + 1)] for n in range(8)]
    width = len(" ".join(map(str, rows[-1])))
    for row in rows:
        print(" ".join(map(str, row)).center(width).rstrip())
    return [comb(2 * n, n) // (n + 1) for n in range(12)]
