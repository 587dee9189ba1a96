def main():
    for name, age, city in [("Ann", 30, "Rome"), ("Bob", 25)]:
        print(name, age, city)
