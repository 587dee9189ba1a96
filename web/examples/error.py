def average(values):
    return sum(values) / len(values)


def main():
    print("This line was reached.")
    return average([])
