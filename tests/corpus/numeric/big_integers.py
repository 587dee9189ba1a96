import math


def main():
    factorial = math.factorial(120)
    print(len(str(factorial)), "digits")
    return [factorial, 2**200 - 1, -(3**150), math.isqrt(10**60), math.gcd(2**90, 6**50)]
