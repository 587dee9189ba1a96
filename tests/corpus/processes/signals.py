import os
import signal
import time


def main():
    caught = []
    signal.signal(signal.SIGUSR1, lambda number, frame: caught.append(signal.Signals(number).name))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGALRM, lambda number, frame: caught.append("alarm"))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    deadline = time.monotonic() + 5
    while "alarm" not in caught and time.monotonic() < deadline:
        time.sleep(0.005)
    return caught
