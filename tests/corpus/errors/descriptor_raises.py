class Validated:
    def __set_name__(self, owner, name):
        self.name = name

    def __set__(self, instance, value):
        if not isinstance(value, int):
            raise TypeError(f"{self.name} wants an int, not {value!r}")
        instance.__dict__[self.name] = value


class Order:
    quantity = Validated()


def main():
    order = Order()
    order.quantity = 5
    order.quantity = "six"
