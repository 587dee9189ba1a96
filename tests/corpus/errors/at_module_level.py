import math

print("before")
LIMITS = {"low": 1, "high": math.sqrt(-1)}


def main():
    return LIMITS
