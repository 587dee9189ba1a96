import cmath


def fft(x):
    n = len(x)
    if n == 1:
        return x
    even, odd = fft(x[::2]), fft(x[1::2])
    twiddled = [cmath.exp(-2j * cmath.pi * k / n) * odd[k] for k in range(n // 2)]
    return [e + t for e, t in zip(even, twiddled)] + [e - t for e, t in zip(even, twiddled)]


def main():
    spectrum = fft([1, 1, 1, 1, 0, 0, 0, 0])
    return [round(abs(value), 4) for value in spectrum]
