def table(rows):
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows)]
    for number, row in enumerate(rows):
        yield "| " + " | ".join(f"{cell!s:{'>' if isinstance(cell, int) else '<'}{w}}" for cell, w in zip(row, widths)) + " |"
        if number == 0:
            yield "|" + "|".join("-" * (w + 2) for w in widths) + "|"


def main():
    text = "\n".join(table([("name", "qty"), ("apple", 12), ("watermelon", 3)]))
    print(text)
    return len(text)
