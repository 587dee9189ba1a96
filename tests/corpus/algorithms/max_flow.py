from collections import deque


def main():
    capacity = {("s", "a"): 10, ("s", "c"): 10, ("a", "b"): 4, ("a", "c"): 2, ("a", "d"): 8, ("c", "d"): 9,
                ("d", "b"): 6, ("b", "t"): 10, ("d", "t"): 10}
    nodes = {n for edge in capacity for n in edge}
    residual = {(a, b): capacity.get((a, b), 0) for a in nodes for b in nodes}
    total = 0
    while True:
        previous, queue = {"s": None}, deque("s")
        while queue and "t" not in previous:
            here = queue.popleft()
            for there in sorted(nodes):
                if there not in previous and residual[here, there] > 0:
                    previous[there] = here
                    queue.append(there)
        if "t" not in previous:
            return total
        path, node = [], "t"
        while previous[node]:
            path.append((previous[node], node))
            node = previous[node]
        amount = min(residual[edge] for edge in path)
        total += amount
        for a, b in path:
            residual[a, b] -= amount
            residual[b, a] += amount
