import heapq

MAZE = """
#########
#S..#...#
#.#.#.#.#
#.#...#.#
#.#####.#
#......G#
#########
""".split()


def main():
    cells = {(r, c): ch for r, row in enumerate(MAZE) for c, ch in enumerate(row) if ch != "#"}
    start = next(p for p, ch in cells.items() if ch == "S")
    goal = next(p for p, ch in cells.items() if ch == "G")
    queue, seen = [(0, 0, start)], set()
    while queue:
        _, steps, (r, c) = heapq.heappop(queue)
        if (r, c) == goal:
            return steps
        if (r, c) in seen:
            continue
        seen.add((r, c))
        for step in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
            if step in cells:
                guess = abs(step[0] - goal[0]) + abs(step[1] - goal[1])
                heapq.heappush(queue, (steps + 1 + guess, steps + 1, step))
