def shift(text, keys, sign=1):
    out, i = "", 0
    for ch in text:
        if ch.isalpha():
            base = ord("A" if ch.isupper() else "a")
            out += chr((ord(ch) - base + sign * keys[i % len(keys)]) % 26 + base)
            i += 1
        else:
            out += ch
    return out


def main():
    key = [ord(c) - 97 for c in "lemon"]
    secret = shift("Attack at Dawn!", key)
    return secret, shift(secret, key, -1), shift("Hello", [13])
