def averager():
    total, count, average = 0, 0, None
    while True:
        value = yield average
        if value is None:
            return total
        total, count = total + value, count + 1
        average = total / count


def delegate(results):
    results.append((yield from averager()))
    yield "done"


def main():
    results = []
    generator = delegate(results)
    next(generator)
    averages = [generator.send(n) for n in (10, 20, 33)]
    last = generator.send(None)
    generator.close()
    return averages, results, last
