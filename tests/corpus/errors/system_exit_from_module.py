print("looking for work")
raise SystemExit("stopped before main")


def main():
    return "never"
