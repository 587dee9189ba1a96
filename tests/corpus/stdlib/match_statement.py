from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int


def describe(value):
    match value:
        case 0 | 1:
            return "bit"
        case int(n) if n < 0:
            return f"negative {n}"
        case [first, *rest]:
            return f"list {first} +{len(rest)}"
        case {"kind": kind, **others}:
            return f"{kind} {sorted(others)}"
        case Point(x=0, y=y):
            return f"on the axis at {y}"
        case str() as text:
            return text[::-1]
        case _:
            return "other"


def main():
    return [describe(v) for v in (1, -5, [1, 2, 3], {"kind": "k", "b": 1}, Point(0, 7), Point(1, 1), "abc", 2.5)]
