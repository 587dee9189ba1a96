import pandas as pd


def main():
    frame = pd.DataFrame({"price": [1, 2]})
    return frame["prise"].sum()
