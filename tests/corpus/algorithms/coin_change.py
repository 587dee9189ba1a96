def main(amount=63, coins=(1, 5, 10, 21, 25)):
    fewest = [0] + [None] * amount
    last = [None] * (amount + 1)
    for total in range(1, amount + 1):
        for coin in coins:
            if coin <= total and fewest[total - coin] is not None:
                if fewest[total] is None or fewest[total - coin] + 1 < fewest[total]:
                    fewest[total], last[total] = fewest[total - coin] + 1, coin
    used = []
    while amount:
        used.append(last[amount])
        amount -= last[amount]
    print("coins:", used)
    return sorted(used)
