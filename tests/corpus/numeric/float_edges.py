import math
import sys


def main():
    return {
        "tenth": 0.1 + 0.2,
        "sum": math.fsum([0.1] * 10),
        "denormal": 5e-324,
        "max": sys.float_info.max,
        "negative_zero": -0.0,
        "next": math.nextafter(1.0, 2.0),
        "ratio": (0.75).as_integer_ratio(),
        "hex": (255.5).hex(),
        "third": 1 / 3,
    }
