import warnings

warnings.simplefilter("error")


def main():
    return eval('"a" is "b"')
