def f(x):
    return g(x, [1, 2, 3]["x"])


def g(*args):
    return args


def main():
    return g(1, f(2), 3)
