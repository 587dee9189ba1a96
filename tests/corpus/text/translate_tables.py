import string


def main():
    rot13 = str.maketrans(string.ascii_letters, string.ascii_lowercase[13:] + string.ascii_lowercase[:13]
                          + string.ascii_uppercase[13:] + string.ascii_uppercase[:13])
    clean = str.maketrans("", "", string.punctuation)
    leet = {ord(a): b for a, b in zip("aeios", "43105")}
    return "Hello, World!".translate(rot13), "a.b,c!d".translate(clean), "seaside".translate(leet)
