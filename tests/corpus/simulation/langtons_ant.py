def main(steps=500):
    black, x, y, dx, dy = set(), 0, 0, 0, 1
    for _ in range(steps):
        if (x, y) in black:
            black.discard((x, y))
            dx, dy = -dy, dx
        else:
            black.add((x, y))
            dx, dy = dy, -dx
        x, y = x + dx, y + dy
    return len(black), (x, y)
