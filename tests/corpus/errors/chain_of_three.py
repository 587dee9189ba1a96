def one():
    raise OSError(5, "disk broken")


def two():
    try:
        one()
    except OSError as error:
        raise RuntimeError("cannot read") from error


def main():
    try:
        two()
    except RuntimeError:
        raise ValueError("giving up")
