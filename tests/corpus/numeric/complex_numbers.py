import cmath


def main():
    z = complex(3, -4)
    roots = [cmath.exp(2j * cmath.pi * k / 3) for k in range(3)]
    return {
        "abs": abs(z),
        "conjugate": str(z.conjugate()),
        "polar": [round(v, 6) for v in cmath.polar(z)],
        "sum": abs(sum(roots)) < 1e-12,
        "product": z * z.conjugate(),
    }
