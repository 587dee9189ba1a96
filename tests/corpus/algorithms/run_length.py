from itertools import groupby


def encode(text):
    return "".join(f"{len(list(run))}{letter}" for letter, run in groupby(text))


def decode(text):
    result, digits = [], ""
    for ch in text:
        if ch.isdigit():
            digits += ch
        else:
            result.append(ch * int(digits))
            digits = ""
    return "".join(result)


def main():
    original = "WWWWWWWWWWWWBWWWWWWWWWWWWBBBWWWWWWWWWWWWWWWWWWWWWWWWBWWWWWWWWWWWWWW"
    packed = encode(original)
    return packed, decode(packed) == original
