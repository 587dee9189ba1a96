größe = 3


def main():
    total = größe
    return total 6
