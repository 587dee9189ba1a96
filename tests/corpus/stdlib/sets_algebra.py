def main():
    a, b = set(range(0, 20, 2)), set(range(0, 20, 3))
    frozen = frozenset("banana")
    return {
        "union": a | b,
        "common": a & b,
        "only_a": a - b,
        "either": a ^ b,
        "subset": {6, 12} <= a,
        "disjoint": a.isdisjoint({1, 3}),
        "frozen": sorted(frozen),
        "mixed_key": {frozen: 1}[frozenset("nab")],
    }
