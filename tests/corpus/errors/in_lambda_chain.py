compose = lambda f, g: lambda x: f(g(x))


def main():
    broken = compose(lambda x: x + 1, lambda x: x.upper())
    return broken(5)
