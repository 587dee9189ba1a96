CODE = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. "
                "... - ..- ...- .-- -..- -.-- --..".split()))


def main():
    encoded = " / ".join(" ".join(CODE[c] for c in word) for word in "SOS PYTHON CODE".split())
    letters = {v: k for k, v in CODE.items()}
    return encoded, " ".join("".join(letters[m] for m in w.split()) for w in encoded.split(" / "))
