def main():
    rabbits, foxes, history = 40.0, 9.0, []
    for step in range(2000):
        rabbits += rabbits * (0.1 - 0.02 * foxes) * 0.05
        foxes += foxes * (0.01 * rabbits - 0.3) * 0.05
        if step % 400 == 0:
            history.append([round(rabbits, 4), round(foxes, 4)])
    return history
