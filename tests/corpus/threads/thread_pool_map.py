from concurrent.futures import ThreadPoolExecutor, as_completed


def slow_square(n):
    if n == 7:
        raise ValueError("no sevens")
    return n * n


def main():
    with ThreadPoolExecutor(max_workers=4) as pool:
        futures = {pool.submit(slow_square, n): n for n in range(10)}
        results = {}
        for future in as_completed(futures):
            results[futures[future]] = str(future.exception() or future.result())
    return dict(sorted(results.items()))
