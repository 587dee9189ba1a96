class Resource:
    def __enter__(self):
        return self

    def __exit__(self, *details):
        raise OSError("cannot close")


def main():
    with Resource():
        print("using")
