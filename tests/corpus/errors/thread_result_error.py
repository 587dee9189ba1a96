from concurrent.futures import ThreadPoolExecutor


def work(n):
    return 10 // n


def main():
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, [1, 2, 0]))
