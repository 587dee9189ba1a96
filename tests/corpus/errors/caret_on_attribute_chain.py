class Empty:
    pass


def main():
    box = Empty()
    box.inner = Empty()
    return box.inner.deeper.deepest
