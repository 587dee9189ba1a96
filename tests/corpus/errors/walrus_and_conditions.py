def main():
    data = {"n": 0}
    if (n := data["n"]) >= 0 and (share := 100 / n) > 3:
        return share
