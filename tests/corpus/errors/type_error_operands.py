def main():
    basket = [("apple", 3), ("pear", None)]
    return sum(count for _, count in basket)
