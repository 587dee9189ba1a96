def check(value):
    problems = []
    if value < 10:
        problems.append(ValueError("too small"))
    if value % 2:
        problems.append(TypeError("odd"))
    if problems:
        raise ExceptionGroup("checks failed", problems)


def main():
    check(7)
