import pandas as pd


def main():
    long = pd.DataFrame({"day": ["mo", "mo", "tu", "tu"], "city": ["x", "y", "x", "y"], "temp": [3, 5, 4, 9]})
    wide = long.pivot(index="day", columns="city", values="temp")
    back = wide.reset_index().melt(id_vars="day", value_name="temp").sort_values(["day", "city"])
    table = long.pivot_table(values="temp", index="city", aggfunc=["min", "max"])
    return wide.to_dict(), back["temp"].tolist(), table.values.tolist()
