def main():
    data = [3, 8, 1, 9, 4]
    long = [square for n in data if (square := n * n) > 10]
    table = {f"{r}{c}": r * c for r in range(1, 4) for c in range(1, 4) if r != c}
    transposed = [list(row) for row in zip(*[[1, 2, 3], [4, 5, 6]])]
    flat = [x for row in transposed for x in row]
    return long, table, flat, {len(w) for w in "a bb cc ddd".split()}, square
