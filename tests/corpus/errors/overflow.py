import math


def main():
    return math.exp(710)
