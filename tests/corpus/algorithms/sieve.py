def primes_below(limit):
    flags = bytearray([1]) * limit
    flags[:2] = b"\0\0"
    for number in range(2, int(limit**0.5) + 1):
        if flags[number]:
            flags[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return [number for number, flag in enumerate(flags) if flag]


def main():
    found = primes_below(200_000)
    print(len(found), "primes, the largest:", found[-1])
    return {"count": len(found), "sum": sum(found), "last": found[-5:]}
