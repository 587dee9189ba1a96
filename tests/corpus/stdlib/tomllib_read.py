import tomllib

TEXT = """
title = "Example"
released = 2026-01-05T07:30:00Z
[owner]
name = "Tom"
[[server]]
host = "alpha"
ports = [8000, 8001]
[[server]]
host = "beta"
"""


def main():
    document = tomllib.loads(TEXT)
    return document, type(document["released"]).__name__
