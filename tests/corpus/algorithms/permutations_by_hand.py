def permutations(items):
    if not items:
        yield ()
    for i, item in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1 :]):
            yield (item, *rest)


def main():
    import itertools

    own = list(permutations("abcd"))
    return {"count": len(own), "same": own == list(itertools.permutations("abcd")), "fifth": "".join(own[5])}
