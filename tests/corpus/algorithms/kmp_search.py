def failure(pattern):
    table, k = [0], 0
    for ch in pattern[1:]:
        while k and pattern[k] != ch:
            k = table[k - 1]
        k += pattern[k] == ch
        table.append(k)
    return table


def main():
    text, pattern = "abababcabababcababab" * 3, "ababc"
    table, k, hits = failure(pattern), 0, []
    for i, ch in enumerate(text):
        while k and pattern[k] != ch:
            k = table[k - 1]
        k += pattern[k] == ch
        if k == len(pattern):
            hits.append(i - k + 1)
            k = table[k - 1]
    return hits
