def hanoi(n, source, target, spare):
    if n:
        yield from hanoi(n - 1, source, spare, target)
        yield source, target
        yield from hanoi(n - 1, spare, target, source)


def main():
    pegs = {"A": list(range(6, 0, -1)), "B": [], "C": []}
    moves = 0
    for source, target in hanoi(6, "A", "C", "B"):
        pegs[target].append(pegs[source].pop())
        assert pegs[target] == sorted(pegs[target], reverse=True)
        moves += 1
    return moves, pegs
