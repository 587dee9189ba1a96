def main():
    numbers = [1, 2, 3
    return numbers
