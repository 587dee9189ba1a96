import pandas as pd


def main():
    df = pd.DataFrame({"name": ["a", "b"], "score": [1.5, 2.0], "n": [3, 4]})
    return df.to_dict("records")
