from functools import cache


@cache
def steps(n):
    return 0 if n == 1 else 1 + steps(3 * n + 1 if n % 2 else n // 2)


def main():
    longest = max(range(1, 3000), key=steps)
    return longest, steps(longest)
