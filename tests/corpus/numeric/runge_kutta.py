def rk4(f, y, t, h):
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h * k1 / 2)
    k3 = f(t + h / 2, y + h * k2 / 2)
    k4 = f(t + h, y + h * k3)
    return y + h * (k1 + 2 * k2 + 2 * k3 + k4) / 6


def main():
    y, t, h = 1.0, 0.0, 0.1
    table = []
    for step in range(21):
        if step % 10 == 0:
            table.append([round(t, 1), round(y, 8)])
        y, t = rk4(lambda t, y: t * y**0.5, y, t, h), t + h
    return table
