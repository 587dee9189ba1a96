def main():
    a, b, c, d = 1, 2, 0, 4
    return (a + b) * (b - a) + (d / c) - (a * b * d)
