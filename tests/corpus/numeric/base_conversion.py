import string

DIGITS = string.digits + string.ascii_lowercase


def convert(n, base):
    if n < base:
        return DIGITS[n]
    return convert(n // base, base) + DIGITS[n % base]


def main():
    numbers = [0, 255, 1000, 123456789]
    return {base: [convert(n, base) for n in numbers] for base in (2, 7, 16, 36)}
