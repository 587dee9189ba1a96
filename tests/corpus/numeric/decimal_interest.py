from decimal import ROUND_HALF_EVEN, Decimal, getcontext


def main():
    getcontext().prec = 40
    balance = Decimal("1000.00")
    for year in range(1, 31):
        balance = (balance * Decimal("1.0325")).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
        if year % 10 == 0:
            print(f"year {year}: {balance:,}")
    return str(balance), str(Decimal(2).sqrt())
