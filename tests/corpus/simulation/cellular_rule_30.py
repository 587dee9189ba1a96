def main(rule=30, width=41, rows=12):
    cells = [0] * width
    cells[width // 2] = 1
    for _ in range(rows):
        print("".join(".#"[c] for c in cells))
        cells = [rule >> (cells[i - 1] * 4 + cells[i] * 2 + cells[(i + 1) % width]) & 1 for i in range(width)]
    return sum(cells)
