import functools


@functools.singledispatch
def describe(value):
    return "something"


@describe.register
def _(value: int):
    return f"the number {value}"


@describe.register(list)
def _(value):
    return f"a list of {len(value)}"


@functools.total_ordering
class Version:
    def __init__(self, text):
        self.parts = tuple(map(int, text.split(".")))

    def __eq__(self, other):
        return self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts


def main():
    newest = max(map(Version, "1.9 1.10 1.2".split()))
    by_length = functools.cmp_to_key(lambda a, b: len(a) - len(b))
    return [describe(3), describe([1]), describe(None), newest.parts, sorted(["ccc", "a", "bb"], key=by_length),
            functools.reduce(lambda a, b: a * b, range(1, 6)), functools.partial(int, base=2)("1011")]
