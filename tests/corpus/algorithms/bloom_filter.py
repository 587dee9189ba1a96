import hashlib


class Bloom:
    def __init__(self, bits=2048, hashes=4):
        self.bits, self.hashes, self.field = bits, hashes, 0

    def positions(self, item):
        digest = hashlib.sha256(item.encode()).digest()
        return [int.from_bytes(digest[i * 4 : i * 4 + 4], "big") % self.bits for i in range(self.hashes)]

    def add(self, item):
        for p in self.positions(item):
            self.field |= 1 << p

    def __contains__(self, item):
        return all(self.field >> p & 1 for p in self.positions(item))


def main():
    bloom = Bloom()
    for n in range(100):
        bloom.add(f"user{n}")
    false_positives = sum(f"other{n}" in bloom for n in range(1000))
    return all(f"user{n}" in bloom for n in range(100)), false_positives
