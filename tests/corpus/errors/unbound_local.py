total = 10


def add(n):
    total = total + n
    return total


def main():
    return add(5)
