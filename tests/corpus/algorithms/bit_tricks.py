def main():
    popcount = [bin(n).count("1") for n in range(16)]
    gray = [n ^ n >> 1 for n in range(8)]
    assert all(bin(a ^ b).count("1") == 1 for a, b in zip(gray, gray[1:]))
    subset = sorted(sub for sub in range(0b1011 + 1) if sub & 0b1011 == sub)
    return {"popcount": popcount, "gray": [f"{g:03b}" for g in gray], "subsets": subset, "reverse": int(f"{13:08b}"[::-1], 2)}
