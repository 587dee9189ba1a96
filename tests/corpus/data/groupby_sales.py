import pandas as pd


def main():
    sales = pd.DataFrame({
        "region": ["north", "south", "north", "east", "south", "east"],
        "product": ["a", "a", "b", "b", "a", "a"],
        "amount": [100.0, 250.5, 75.25, 60.0, 310.0, 45.5],
    })
    totals = sales.groupby("region")["amount"].agg(["sum", "mean", "count"]).round(2)
    print(totals.to_string())
    best = sales.loc[sales.amount.idxmax()]
    return {"totals": totals["sum"].to_dict(), "best": [best.region, float(best.amount)], "counts": sales["product"].value_counts().to_dict()}
