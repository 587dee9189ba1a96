import sys


def main():
    sys.stdout.write("x" * 200_000)
    sys.stdout.write("\n")
    print(*range(2000), sep=",", end="")
    return None
