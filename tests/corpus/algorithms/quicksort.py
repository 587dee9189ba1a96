def quicksort(values):
    if len(values) < 2:
        return values
    pivot, rest = values[0], values[1:]
    return quicksort([v for v in rest if v < pivot]) + [pivot] + quicksort([v for v in rest if v >= pivot])


def main():
    numbers = [(i * 7919) % 101 for i in range(60)]
    ordered = quicksort(numbers)
    print(ordered[:10])
    return ordered == sorted(numbers)
