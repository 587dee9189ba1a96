def divisor_sums(limit):
    sums = [0, 0] + [1] * (limit - 1)
    for d in range(2, limit // 2 + 1):
        for multiple in range(2 * d, limit + 1, d):
            sums[multiple] += d
    return sums


def main():
    s = divisor_sums(10_000)
    return {
        "perfect": [n for n in range(2, 10_001) if s[n] == n],
        "amicable": [(n, s[n]) for n in range(2, 10_001) if n < s[n] <= 10_000 and s[s[n]] == n],
    }
