def numbers(text):
    for part in text.split(","):
        yield int(part)


def total(text):
    return sum(n * 2 for n in numbers(text))


def main():
    return total("1,2,three,4")
