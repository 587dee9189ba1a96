import pandas as pd


def main():
    frame = pd.DataFrame({"key": ["a", "b", "c", "d"] * 25, "value": [number * 0.5 for number in range(100)]})
    return {"rows": len(frame), "sum": float(frame["value"].sum())}
