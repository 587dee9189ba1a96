limit = 3


def count_down(start)
    while start > limit:
        start -= 1
    return start


def main():
    return count_down(9)
