def main():
    letters = iter("ab")
    return [next(letters) for _ in range(2)], next(letters)
