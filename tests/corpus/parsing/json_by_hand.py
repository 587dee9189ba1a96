import re

TOKEN = re.compile(r'\s*(?:([{}\[\],:])|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)|(true|false|null))')
WORDS = {"true": True, "false": False, "null": None}


def parse(text):
    tokens = [m.groups() for m in TOKEN.finditer(text)][::-1]

    def value():
        sign, string, number, word = tokens.pop()
        if string is not None:
            return string
        if number:
            return float(number) if "." in number else int(number)
        if word:
            return WORDS[word]
        if sign == "[":
            return list(members("]", value))
        return dict(members("}", pair))

    def pair():
        key = value()
        tokens.pop()
        return key, value()

    def members(end, read):
        while tokens[-1][0] != end:
            yield read()
            if tokens[-1][0] == ",":
                tokens.pop()
        tokens.pop()

    return value()


def main():
    return parse('{"a": [1, 2.5, {"b": null}], "c": "x", "d": true, "e": {}, "f": []}')
