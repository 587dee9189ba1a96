import inspect
import typing


class Shape(typing.Protocol):
    def area(self, scale: float = 1.0) -> float: ...


class User(typing.NamedTuple):
    name: str
    age: int = 0


class Movie(typing.TypedDict, total=False):
    title: str
    year: int


def greet(name: str, *names: str, loud: bool = False, **rest: int) -> typing.Optional[str]:
    """Says hello."""
    return name


def main():
    hints = typing.get_type_hints(greet)
    return {
        "signature": str(inspect.signature(greet)),
        "kinds": [p.kind.name for p in inspect.signature(greet).parameters.values()],
        "return": str(hints["return"]),
        "doc": inspect.getdoc(greet),
        "user": User("Ann"),
        "fields": User._fields,
        "movie": sorted(Movie.__annotations__),
        "source": inspect.getsource(greet).splitlines()[0],
    }
