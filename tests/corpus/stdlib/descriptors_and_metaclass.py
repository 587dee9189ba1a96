class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner):
        return self if instance is None else getattr(instance, self.name)

    def __set__(self, instance, value):
        if value <= 0:
            raise ValueError(f"{self.name[1:]} must be positive")
        setattr(instance, self.name, value)


class Meta(type):
    def __new__(mcls, name, bases, namespace):
        namespace["fields"] = [k for k, v in namespace.items() if isinstance(v, Positive)]
        return super().__new__(mcls, name, bases, namespace)


class Box(metaclass=Meta):
    width, height = Positive(), Positive()

    def __init__(self, width, height):
        self.width, self.height = width, height


def main():
    box = Box(2, 3)
    try:
        box.width = -1
    except ValueError as error:
        return Box.fields, box.width * box.height, str(error)
