def main():
    formula = "price * quantity"
    return eval(formula, {"price": 3})
