def main(days=120, beta=0.3, gamma=0.1):
    s, i, r = 990.0, 10.0, 0.0
    peak = (0, i)
    for day in range(1, days + 1):
        new, healed = beta * s * i / 1000, gamma * i
        s, i, r = s - new, i + new - healed, r + healed
        if i > peak[1]:
            peak = (day, i)
    print(f"peak on day {peak[0]}: {peak[1]:.1f}")
    return [round(x, 6) for x in (s, i, r)]
