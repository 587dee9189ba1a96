def forever(n):
    return 1 + forever(n + 1)


def main():
    return forever(0)
