from operator import attrgetter, itemgetter, methodcaller


class Row:
    def __init__(self, name, size):
        self.name, self.size = name, size


def main():
    people = [("Bob", 30), ("ann", 25), ("Cid", 30), ("dee", 20)]
    rows = [Row("x", 3), Row("y", 1)]
    return {
        "multi": sorted(people, key=lambda p: (-p[1], p[0].lower())),
        "item": max(people, key=itemgetter(1)),
        "attr": [r.name for r in sorted(rows, key=attrgetter("size"))],
        "method": sorted("b A c".split(), key=methodcaller("lower")),
        "stable": sorted(people, key=itemgetter(1), reverse=True),
    }
