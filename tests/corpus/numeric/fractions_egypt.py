from fractions import Fraction
from math import ceil


def egyptian(f):
    while f:
        denominator = ceil(1 / f)
        yield denominator
        f -= Fraction(1, denominator)


def main():
    return {str(f): list(egyptian(f)) for f in (Fraction(4, 13), Fraction(5, 121), Fraction(7, 15))}
