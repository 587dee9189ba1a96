import re


def main():
    return re.compile("(unclosed")
