import io

import pandas as pd

CSV = """id;name;price;date;ok
1; Apple ;1,50;05.01.2026;yes
2;Pear;2,25;06.01.2026;no
3;;10,00;bad;yes
"""


def main():
    df = pd.read_csv(io.StringIO(CSV), sep=";", decimal=",", na_values=[""])
    df["name"] = df.name.str.strip().fillna("unknown")
    df["date"] = pd.to_datetime(df.date, format="%d.%m.%Y", errors="coerce")
    df["ok"] = df.ok.map({"yes": True, "no": False})
    df.to_csv("clean.csv", index=False)
    return df.price.sum(), df.name.tolist(), int(df.date.isna().sum()), open("clean.csv").read()
