raise SystemExit("stopped before main")


def main():
    return 1
