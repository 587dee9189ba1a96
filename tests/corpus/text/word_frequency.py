import re
from collections import Counter

TEXT = """It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness, it was the epoch of belief, it was the epoch of incredulity."""


def main():
    counts = Counter(re.findall(r"[a-z]+", TEXT.lower()))
    for word, n in counts.most_common(5):
        print(f"{word:<12}{'#' * n}")
    return counts
