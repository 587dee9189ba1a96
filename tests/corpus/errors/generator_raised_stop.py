def first_of(iterators):
    for iterator in iterators:
        yield next(iterator)


def main():
    return list(first_of([iter([1]), iter([])]))
