import datetime
import math
from decimal import Decimal
from fractions import Fraction


def main():
    return {
        "factorial of 30": math.factorial(30),
        "two to the 200th": 2**200,
        "a float": 1.0,
        "a third": Fraction(1, 3),
        "a price": Decimal("19.90"),
        "a day": datetime.date(2024, 2, 29),
        "a while": datetime.timedelta(hours=1, minutes=30),
    }
