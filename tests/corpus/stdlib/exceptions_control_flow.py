class Retry(Exception):
    def __init__(self, left):
        super().__init__(f"{left} left")
        self.left = left


def attempt(n, trace):
    try:
        trace.append(f"try {n}")
        if n < 3:
            raise Retry(3 - n)
    except Retry as error:
        trace.append(str(error))
        return attempt(n + 1, trace)
    else:
        trace.append("fine")
        return n
    finally:
        trace.append(f"finally {n}")


def main():
    trace = []
    return attempt(1, trace), trace
