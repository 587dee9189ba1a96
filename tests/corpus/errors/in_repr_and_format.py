class Fragile:
    def __str__(self):
        raise RuntimeError("cannot be shown")


def main():
    return f"value: {Fragile()}"
