from concurrent.futures import ProcessPoolExecutor
import math


def heavy(n):
    return sum(math.isqrt(i) for i in range(n))


def main():
    with ProcessPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(heavy, [1000, 2000, 3000]))
        failing = pool.submit(heavy, "x")
        return results, type(failing.exception()).__name__
