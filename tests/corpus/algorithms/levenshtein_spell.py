WORDS = "spelling correction algorithm language python service sandbox".split()


def edits(word):
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    letters = "abcdefghijklmnopqrstuvwxyz"
    return (
        {a + b[1:] for a, b in splits if b}
        | {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
        | {a + c + b[1:] for a, b in splits if b for c in letters}
        | {a + c + b for a, b in splits for c in letters}
    )


def main():
    typos = ["speling", "corection", "langauge", "pythn", "sandbocks"]
    return {typo: sorted(edits(typo) & set(WORDS)) for typo in typos}
