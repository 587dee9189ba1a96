"""Neither prints nor returns anything."""

seen = []


def main():
    for unused in seen:
        print(unused)
