def main():
    prices = {"кофе": 3}
    return "日本語" + prices["кофе"] + 5
