import random


def main(days=90):
    rng = random.Random("stock")
    stock, pending, lost, orders = 40, [], 0, 0
    for day in range(days):
        stock += sum(q for d, q in pending if d == day)
        demand = rng.randint(0, 9)
        lost += max(0, demand - stock)
        stock = max(0, stock - demand)
        if stock < 15 and not any(d > day for d, _ in pending):
            pending.append((day + 4, 45))
            orders += 1
    return {"stock": stock, "lost": lost, "orders": orders}
