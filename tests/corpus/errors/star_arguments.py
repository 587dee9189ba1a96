def area(width, height):
    return width * height


def main():
    sizes = [(2, 3), (4, 5, 6)]
    return [area(*size) for size in sizes]
