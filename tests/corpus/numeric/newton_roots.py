def newton(f, df, x, steps=50):
    for _ in range(steps):
        x -= f(x) / df(x)
    return x


def main():
    root2 = newton(lambda x: x * x - 2, lambda x: 2 * x, 1.0)
    golden = newton(lambda x: x * x - x - 1, lambda x: 2 * x - 1, 2.0)
    return [root2, golden]
