def half(n):
    return n // 0


def main():
    total = 0
    for n in range(3):
        total += half(n)
    return total
