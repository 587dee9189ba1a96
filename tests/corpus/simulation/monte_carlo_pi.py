import random


def main(throws=100_000):
    rng = random.Random(314)
    inside = sum(rng.random() ** 2 + rng.random() ** 2 <= 1 for _ in range(throws))
    estimate = 4 * inside / throws
    print(f"pi is about {estimate}")
    return abs(estimate - 3.14159) < 0.02, inside
