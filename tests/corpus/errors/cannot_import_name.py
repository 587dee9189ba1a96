from collections import OrderedDicts


def main():
    return OrderedDicts()
