import sys


def main():
    total = 0
    for line in sys.stdin:
        name, number = line.split()
        print(f"{name:>10} {int(number):3}")
        total += int(number)
    return total
