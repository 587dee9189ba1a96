import math


def expand(x, terms):
    for _ in range(terms):
        whole = math.floor(x)
        yield whole
        x = 1 / (x - whole)


def convergents(terms):
    h, k = (1, 0), (0, 1)
    for t in terms:
        h, k = (t * h[0] + h[1], h[0]), (t * k[0] + k[1], k[0])
        yield h[0], k[0]


def main():
    terms = list(expand(math.e, 9))
    return terms, list(convergents(terms))[-1]
