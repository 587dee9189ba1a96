import re


def main():
    match = re.search(r"(\d+)", "no digits here")
    return match.group(1)
