def add(first, second):
    return first + second


def main():
    return add(
        "one",
        add(
            2,
            "three",
        ),
    )
