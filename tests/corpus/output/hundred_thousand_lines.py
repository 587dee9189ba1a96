def main():
    for n in range(20_000):
        print(f"line {n}")
    return "printed"
