import itertools as it


def main():
    return {
        "chain": list(it.chain("ab", [1, 2])),
        "accumulate": list(it.accumulate([3, 1, 4, 1, 5], max)),
        "groupby": [(k, len(list(g))) for k, g in it.groupby("aaabbc")],
        "pairwise": list(it.pairwise("abcd")),
        "zip_longest": list(it.zip_longest("ab", "xyz", fillvalue="-")),
        "islice": list(it.islice(it.count(10, 5), 4)),
        "product": ["".join(p) for p in it.product("ab", repeat=2)],
        "starmap": list(it.starmap(pow, [(2, 5), (3, 2)])),
        "takewhile": list(it.takewhile(lambda x: x < 5, [1, 4, 6, 4, 1])),
        "compress": list(it.compress("abcdef", [1, 0, 1, 0, 1, 1])),
    }
