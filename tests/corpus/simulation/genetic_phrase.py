import random

TARGET = "methinks it is like a weasel"
LETTERS = "abcdefghijklmnopqrstuvwxyz "


def main():
    rng = random.Random(99)
    parent = "".join(rng.choice(LETTERS) for _ in TARGET)
    generation = 0
    while parent != TARGET and generation < 2000:
        generation += 1
        children = ["".join(c if rng.random() > 0.04 else rng.choice(LETTERS) for c in parent) for _ in range(60)]
        parent = max(children + [parent], key=lambda s: sum(a == b for a, b in zip(s, TARGET)))
    return parent, generation
