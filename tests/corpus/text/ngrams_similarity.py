import math
from collections import Counter


def grams(text, n=3):
    padded = f"  {text.lower()}  "
    return Counter(padded[i : i + n] for i in range(len(padded) - n + 1))


def cosine(a, b):
    dot = sum(a[g] * b[g] for g in a)
    return dot / math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))


def main():
    names = ["Jonathan Smith", "Jonathon Smyth", "Smith, Jonathan", "Maria Garcia"]
    return {n: round(cosine(grams(names[0]), grams(n)), 4) for n in names}
