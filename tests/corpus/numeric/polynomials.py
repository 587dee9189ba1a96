class Poly:
    def __init__(self, *c):
        self.c = list(c)

    def __mul__(self, other):
        out = [0] * (len(self.c) + len(other.c) - 1)
        for i, a in enumerate(self.c):
            for j, b in enumerate(other.c):
                out[i + j] += a * b
        return Poly(*out)

    def __call__(self, x):
        value = 0
        for c in reversed(self.c):
            value = value * x + c
        return value

    def __str__(self):
        return " + ".join(f"{c}x^{i}" for i, c in enumerate(self.c) if c)


def main():
    p = Poly(1, 1) * Poly(1, -1) * Poly(2, 0, 3)
    return str(p), [p(x) for x in range(-2, 3)]
