import difflib


def main():
    old = "the quick brown fox\njumps over\nthe lazy dog\n".splitlines(True)
    new = "the quick red fox\njumps over\nthe very lazy dog\n".splitlines(True)
    print("".join(difflib.unified_diff(old, new, "old", "new")), end="")
    ratio = difflib.SequenceMatcher(None, "private", "privates").ratio()
    return round(ratio, 6), difflib.get_close_matches("appel", ["ape", "apple", "peach"])
