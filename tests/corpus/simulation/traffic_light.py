import itertools


def main():
    phases = itertools.cycle([("green", 4), ("yellow", 1), ("red", 3)])
    timeline = []
    for colour, seconds in itertools.islice(phases, 7):
        timeline += [colour] * seconds
    cars = [t for t in range(0, len(timeline), 2) if timeline[t] != "red"]
    return timeline[:10], len(cars), timeline.count("red") / len(timeline)
