import numpyx


def main():
    return numpyx.zeros(3)
