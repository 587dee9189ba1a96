import sys


def main():
    print("checking")
    sys.exit("configuration missing")
