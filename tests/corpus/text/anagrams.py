from collections import defaultdict


def main():
    words = "listen silent enlist google elgoog abc cab bca rat tar art night thing".split()
    groups = defaultdict(set)
    for word in words:
        groups["".join(sorted(word))].add(word)
    return [sorted(g) for _, g in sorted(groups.items()) if len(g) > 2]
