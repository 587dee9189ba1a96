def justify(words, width):
    line, length = [], 0
    for word in words:
        if length + len(line) + len(word) > width:
            for i in range(width - length):
                line[i % (len(line) - 1 or 1)] += " "
            yield "".join(line)
            line, length = [], 0
        line.append(word)
        length += len(word)
    yield " ".join(line).ljust(width)


def main():
    text = "This is an example of text justification done by hand in a few lines of Python"
    lines = list(justify(text.split(), 20))
    print("\n".join(f"|{line}|" for line in lines))
    return {len(line) for line in lines}
