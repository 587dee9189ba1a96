import random


def main():
    rng = random.Random(2026)
    deck = [f"{rank}{suit}" for suit in "SHDC" for rank in "A23456789TJQK"]
    rng.shuffle(deck)
    return {
        "hand": deck[:5],
        "dice": [rng.randint(1, 6) for _ in range(10)],
        "weighted": rng.choices("abc", [5, 1, 1], k=10),
        "gauss": round(rng.gauss(0, 1), 12),
        "sample": rng.sample(range(1000), 4),
    }
