import pandas as pd


def main():
    s = pd.Series(["John Smith <john@x.org>", "mary jones <MJ@Y.com>", "nobody"])
    parts = s.str.extract(r"(?P<first>\w+) (?P<last>\w+) <(?P<mail>[^>]+)>")
    return {
        "mail": parts.mail.str.lower().dropna().tolist(),
        "title": s.str.title().tolist(),
        "has": s.str.contains("@").tolist(),
        "lengths": s.str.len().tolist(),
        "split": s.str.split(" ").str[0].tolist(),
    }
