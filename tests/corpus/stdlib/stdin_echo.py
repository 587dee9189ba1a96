import sys


def main():
    return {"rest": sys.stdin.read(), "again": sys.stdin.readline(), "isatty": sys.stdin.isatty()}
