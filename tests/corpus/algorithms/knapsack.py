ITEMS = [("map", 9, 150), ("compass", 13, 35), ("water", 153, 200), ("sandwich", 50, 160), ("glucose", 15, 60),
         ("tin", 68, 45), ("banana", 27, 60), ("apple", 39, 40), ("cheese", 23, 30), ("beer", 52, 10)]


def main(capacity=200):
    best = [(0, ())] * (capacity + 1)
    for name, weight, value in ITEMS:
        for room in range(capacity, weight - 1, -1):
            worth, chosen = best[room - weight]
            if worth + value > best[room][0]:
                best[room] = worth + value, chosen + (name,)
    return best[capacity]
