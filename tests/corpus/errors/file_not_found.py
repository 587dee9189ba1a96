def main():
    with open("data/input.txt") as file:
        return file.read()
