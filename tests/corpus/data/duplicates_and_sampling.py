import pandas as pd


def main():
    df = pd.DataFrame({"k": [1, 2, 2, 3, 3, 3], "v": list("abbcde")})
    sample = df.sample(n=3, random_state=7)
    return df.drop_duplicates().v.tolist(), df.duplicated("k").tolist(), df.drop_duplicates("k", keep="last").v.tolist(), len(sample)
