def main():
    rows = [0] * (2**61)
    return len(rows)
