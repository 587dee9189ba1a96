from collections import Counter


def step(alive):
    counts = Counter((x + dx, y + dy) for x, y in alive for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy)
    return {cell for cell, n in counts.items() if n == 3 or n == 2 and cell in alive}


def main():
    glider = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}
    world = glider
    for _ in range(40):
        world = step(world)
    return sorted(world)
