def main():
    table = sorted([3, 1, 2], key=lambda n: n.missing)
    return table
