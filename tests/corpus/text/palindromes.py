def longest(text):
    best = ""
    for centre in range(2 * len(text) - 1):
        left, right = centre // 2, (centre + 1) // 2
        while left >= 0 and right < len(text) and text[left] == text[right]:
            left, right = left - 1, right + 1
        best = max(best, text[left + 1 : right], key=len)
    return best


def main():
    return [longest(t) for t in ("forgeeksskeegfor", "banana", "abacdfgdcaba", "x")]
