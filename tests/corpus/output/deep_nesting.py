def main():
    value = []
    for n in range(300):
        value = [n, value] if n % 2 else {"n": n, "inner": value}
    return value
