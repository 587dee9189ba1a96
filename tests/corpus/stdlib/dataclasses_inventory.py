from dataclasses import asdict, dataclass, field, replace


@dataclass(order=True, frozen=True)
class Item:
    name: str
    price: float = field(compare=False)
    tags: tuple = ()


@dataclass
class Cart:
    items: list = field(default_factory=list)

    @property
    def total(self):
        return round(sum(item.price for item in self.items), 2)


def main():
    pen = Item("pen", 1.5, ("office",))
    cart = Cart([pen, replace(pen, name="ink", price=7.25), Item("cap", 12.0)])
    return {"cart": cart, "total": cart.total, "sorted": [i.name for i in sorted(cart.items)], "dict": asdict(pen)}
