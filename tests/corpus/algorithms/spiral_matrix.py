def spiral(matrix):
    while matrix:
        yield from matrix[0]
        matrix = [list(row) for row in zip(*matrix[1:])][::-1]


def main():
    grid = [[r * 5 + c for c in range(5)] for r in range(4)]
    for row in grid:
        print("".join(f"{x:3}" for x in row))
    return list(spiral(grid))
