import threading
import time


def main():
    fired = threading.Event()
    timer = threading.Timer(0.01, fired.set)
    timer.start()
    lazy = threading.Thread(target=time.sleep, args=(60,), daemon=True)
    lazy.start()
    late = threading.Thread(target=lambda: (time.sleep(0.05), print("late but printed")))
    late.start()
    return fired.wait(5), lazy.daemon, threading.active_count() >= 2
