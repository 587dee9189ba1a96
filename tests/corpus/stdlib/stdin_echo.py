import sys

EXPECTED_LINES = 0


def read_everything(stream):
    rest = stream.read()
    again = stream.readline()
    return rest, again


def main():
    rest, again = read_everything(sys.stdin)
    assert rest.count("\n") == EXPECTED_LINES
    return {"rest": rest, "again": again, "terminal": sys.stdin.isatty(), "name": sys.stdin.name}
