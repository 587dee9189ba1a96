class Deck:
    def __init__(self):
        self.cards = list(range(10))

    def __len__(self):
        return len(self.cards)

    def __getitem__(self, index):
        return self.cards[index]


def main():
    deck, letters = Deck(), list("abcdefgh")
    letters[2:5] = ["X"]
    del letters[::3]
    return deck[2:8:2], deck[-1], list(reversed(deck))[:3], 5 in deck, letters, slice(1, None, 2).indices(7)
