import os


def main():
    with open("numbers.txt", "w") as file:
        for n in range(10):
            print(n, n**2, sep=",", file=file)
    with open("numbers.txt", "r+") as file:
        lines = file.readlines()
        file.seek(0)
        file.truncate()
        file.writelines(reversed(lines))
    with open("numbers.txt", "rb") as file:
        file.seek(-6, os.SEEK_END)
        tail = file.read()
    return lines[-1], tail.decode(), os.path.getsize("numbers.txt")
