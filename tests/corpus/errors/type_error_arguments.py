class Box:
    def resize(self, width, height, *, unit):
        return width, height, unit


def main():
    return Box().resize(3, unit="cm")
