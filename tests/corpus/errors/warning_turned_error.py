import warnings


def old():
    warnings.warn("old() is going away", DeprecationWarning, stacklevel=2)


def main():
    warnings.simplefilter("error")
    old()
