def area(r):
    x = 3 * r
      return x


def main():
    return area(1)
