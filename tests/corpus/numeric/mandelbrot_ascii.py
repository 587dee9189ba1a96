def main(width=60, height=18):
    rows = []
    for y in range(height):
        row = ""
        for x in range(width):
            c = complex(-2.2 + 3.2 * x / width, -1.2 + 2.4 * y / height)
            z, n = 0, 0
            while abs(z) <= 2 and n < 40:
                z, n = z * z + c, n + 1
            row += " .:-=+*#%@"[min(n // 4, 9)]
        rows.append(row.rstrip())
    print("\n".join(rows))
    return sum(row.count("@") for row in rows)
