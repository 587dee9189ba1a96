def main():
    first = *[1, 2]
    return first
