def median(values):
    assert values, "median of nothing"
    return sorted(values)[len(values) // 2]


def main():
    return median([3, 1]) + median([])
