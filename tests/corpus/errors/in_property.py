class Circle:
    def __init__(self, r):
        self._r = r

    @property
    def area(self):
        return 3 * self._r**2 / self.scale


def main():
    return Circle(2).area
