def main():
    edges = sorted([(4, 0, 1), (8, 1, 2), (7, 2, 3), (9, 3, 4), (10, 4, 5), (2, 5, 6), (1, 6, 7), (8, 0, 7), (11, 1, 7),
                    (2, 2, 8), (6, 6, 8), (7, 7, 8), (4, 2, 5), (14, 3, 5)])
    parent = list(range(9))

    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    tree = []
    for weight, a, b in edges:
        if find(a) != find(b):
            parent[find(a)] = find(b)
            tree.append((a, b, weight))
    return sum(weight for _, _, weight in tree), len(tree)
