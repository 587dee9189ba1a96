import re


def replacement(match):
    return {"a": "x"}[match[0]]


def main():
    return re.sub("[a-c]", replacement, "a b c")
