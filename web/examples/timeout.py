import itertools
import time


def main():
    for i in itertools.count():
        print("still here", i)
        time.sleep(0.2)
