def main():
    return "preis: 5 €".encode("latin-1")
