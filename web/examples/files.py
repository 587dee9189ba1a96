import csv
import pathlib
from collections import Counter


def main():
    sold = Counter()
    with open("sales.csv", newline="") as file:
        for row in csv.DictReader(file):
            sold[row["fruit"]] += int(row["number"])

    out = pathlib.Path("output")
    out.mkdir(exist_ok=True)
    (out / "totals.txt").write_text("".join(f"{fruit}: {number}\n" for fruit, number in sold.most_common()))

    bars = "".join(
        f'<rect x="70" y="{10 + 30 * i}" width="{number * 6}" height="20" fill="#2457c5"/>'
        f'<text x="4" y="{25 + 30 * i}" font-family="sans-serif" font-size="13" fill="#777">{fruit}</text>'
        for i, (fruit, number) in enumerate(sold.most_common())
    )
    (out / "totals.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="360" height="{20 + 30 * len(sold)}">{bars}</svg>')
    return dict(sold)
