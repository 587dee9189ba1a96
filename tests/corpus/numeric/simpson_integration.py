import math


def simpson(f, a, b, n=1000):
    h = (b - a) / n
    odd = sum(f(a + (2 * i + 1) * h) for i in range(n // 2))
    even = sum(f(a + 2 * i * h) for i in range(1, n // 2))
    return (f(a) + f(b) + 4 * odd + 2 * even) * h / 3


def main():
    return [round(simpson(math.sin, 0, math.pi), 10), round(simpson(lambda x: math.exp(-x * x), -3, 3), 10)]
