from enum import Enum, Flag, IntEnum, auto


class Color(Enum):
    RED = "#f00"
    GREEN = "#0f0"

    @classmethod
    def parse(cls, text):
        return cls[text.upper()]


class Level(IntEnum):
    LOW = 1
    HIGH = 10


class Permission(Flag):
    READ = auto()
    WRITE = auto()
    RUN = auto()


def main():
    both = Permission.READ | Permission.WRITE
    return {"color": Color.parse("green"), "level": Level.HIGH + 1, "can": Permission.WRITE in both, "names": list(Level.__members__),
            "value": both.value, "rest": (~both).name}
