import re


def pig(word):
    head, tail = re.match(r"([^aeiou]*)(.*)", word).groups()
    return tail + head + "ay" if head else word + "way"


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def main():
    return [pig(w) for w in "pig latin apple string".split()], snake("parseHttpResponse"), "hello world".title(), \
        "They're Bill's".swapcase(), "x".zfill(3), "a-b_c".partition("-")
