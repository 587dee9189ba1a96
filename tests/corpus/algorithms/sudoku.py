PUZZLE = "530070000600195000098000060800060003400803001700020006060000280000419005000080079"


def candidates(cells, i):
    row, column = divmod(i, 9)
    box = row // 3 * 27 + column // 3 * 3
    used = set(cells[row * 9 : row * 9 + 9]) | set(cells[column::9])
    used |= {cells[box + a * 9 + b] for a in range(3) for b in range(3)}
    return [d for d in "123456789" if d not in used]


def solve(cells):
    open_cells = [(len(c), i, c) for i in range(81) if cells[i] == "0" for c in [candidates(cells, i)]]
    if not open_cells:
        return cells
    _, i, digits = min(open_cells)
    for digit in digits:
        solved = solve(cells[:i] + digit + cells[i + 1 :])
        if solved:
            return solved
    return None


def main():
    answer = solve(PUZZLE)
    for row in range(0, 81, 9):
        print(" ".join(answer[row : row + 9]))
    return answer
