import os
import sys


def main():
    sys.stdout.write("a")
    sys.stdout.flush()
    os.write(1, b"b")
    print("c", end="", flush=True)
    sys.__stdout__.write("d")
    sys.__stdout__.flush()
    sys.stdout.buffer.write(b"e\n")
    sys.stdout.buffer.flush()
    return 5
