import sys


def verify(ok):
    if not ok:
        sys.exit(3)


def main():
    verify(False)
