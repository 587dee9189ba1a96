def main():
    stock = {"apple": 3, "pear": 5}
    return stock["aple"]
