def magic(n):
    square = [[0] * n for _ in range(n)]
    row, column = 0, n // 2
    for value in range(1, n * n + 1):
        square[row][column] = value
        up, right = (row - 1) % n, (column + 1) % n
        row, column = (up, right) if not square[up][right] else ((row + 1) % n, column)
    return square


def main():
    m = magic(5)
    sums = {sum(row) for row in m} | {sum(c) for c in zip(*m)} | {sum(m[i][i] for i in range(5))}
    return {"square": m, "sums": list(sums)}
