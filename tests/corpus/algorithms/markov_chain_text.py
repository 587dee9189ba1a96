import random
from collections import defaultdict

TEXT = "the cat sat on the mat and the dog sat on the log and the cat saw the dog"


def main():
    chain = defaultdict(list)
    words = TEXT.split()
    for a, b in zip(words, words[1:]):
        chain[a].append(b)
    rng = random.Random(42)
    word, sentence = "the", ["the"]
    for _ in range(12):
        word = rng.choice(chain[word])
        sentence.append(word)
    return " ".join(sentence)
