def stubborn():
    while True:
        try:
            yield 1
        except GeneratorExit:
            print("not now")


def main():
    generator = stubborn()
    next(generator)
    generator.close()
