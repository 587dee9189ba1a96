def main():
    counts = {"a": 1}
    for letter in "aab":
        counts[letter] += 1
    return counts
