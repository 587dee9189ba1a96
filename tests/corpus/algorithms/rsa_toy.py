def egcd(a, b):
    if b == 0:
        return a, 1, 0
    g, x, y = egcd(b, a % b)
    return g, y, x - a // b * y


def main():
    p, q, e = 1000003, 1000033, 65537
    n, phi = p * q, (p - 1) * (q - 1)
    d = egcd(e, phi)[1] % phi
    secret = [pow(ord(c), e, n) for c in "attack at dawn"]
    assert pow(e, -1, phi) == d
    return {"d": d, "plain": "".join(chr(pow(c, d, n)) for c in secret), "first": secret[0]}
