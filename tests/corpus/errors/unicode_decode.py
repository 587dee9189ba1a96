def main():
    data = "grün".encode("latin-1")
    return data.decode("utf-8")
