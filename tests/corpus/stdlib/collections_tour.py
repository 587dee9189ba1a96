from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple

Point = namedtuple("Point", "x y", defaults=(0,))


def main():
    counts = Counter("mississippi")
    groups = defaultdict(list)
    for word in "apple avocado banana blueberry cherry".split():
        groups[word[0]].append(word)
    ring = deque(range(5), maxlen=3)
    ring.rotate(1)
    layers = ChainMap({"a": 1}, {"a": 2, "b": 3})
    return {
        "common": counts.most_common(2),
        "less": (counts - Counter("miss")).total(),
        "groups": groups,
        "ring": list(ring),
        "chain": dict(layers),
        "point": Point(3)._replace(y=9)._asdict(),
        "ordered": list(OrderedDict(b=1, a=2)),
    }
