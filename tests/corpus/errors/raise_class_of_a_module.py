import decimal


def main():
    return decimal.Decimal("1.5.2")
