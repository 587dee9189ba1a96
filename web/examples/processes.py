from multiprocessing import Pool


def count_primes(limits):
    start, end = limits
    return sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in range(max(start, 2), end))


def main():
    with Pool(4) as pool:
        return sum(pool.map(count_primes, [(i, i + 2500) for i in range(0, 10000, 2500)]))
