def main():
    bodies = [[0.0, 0.0, 0.0, 0.0, 1000.0], [10.0, 0.0, 0.0, 10.0, 1.0]]
    for _ in range(1000):
        for a in bodies:
            for b in bodies:
                if a is not b:
                    dx, dy = b[0] - a[0], b[1] - a[1]
                    r3 = (dx * dx + dy * dy) ** 1.5
                    a[2] += 0.001 * b[4] * dx / r3
                    a[3] += 0.001 * b[4] * dy / r3
        for body in bodies:
            body[0] += 0.001 * body[2]
            body[1] += 0.001 * body[3]
    return [[round(v, 8) for v in body] for body in bodies]
