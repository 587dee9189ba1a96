import sys
import time


def main(steps=12):
    for step in range(1, steps + 1):
        print(f"step {step} of {steps}")
        time.sleep(0.25)
    print("this went to stderr", file=sys.stderr)
    return steps
