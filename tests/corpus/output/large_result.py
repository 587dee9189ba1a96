def main():
    return {f"key{n}": [n, n / 7, str(n) * 3, None, n % 2 == 0] for n in range(20_000)}
