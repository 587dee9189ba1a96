CODES = {c: str(d) for d, letters in enumerate("bfpv cgjkqsxz dt l mn r".split(), 1) for c in letters}


def soundex(name):
    name = name.lower()
    digits, last = "", CODES.get(name[0])
    for ch in name[1:]:
        code = CODES.get(ch)
        if code and code != last:
            digits += code
        if ch not in "hw":
            last = code
    return (name[0].upper() + digits + "000")[:4]


def main():
    return {n: soundex(n) for n in ("Robert", "Rupert", "Ashcraft", "Tymczak", "Pfister", "Honeyman")}
