def main():
    try:
        int("x")
    except ValueError:
        raise TypeError("only numbers, please") from None
