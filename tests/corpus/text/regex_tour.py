import re

LOG = """2026-01-05 ERROR [db] timeout after 30s
2026-01-06 INFO [web] GET /index.html 200
2026-01-07 ERROR [web] GET /x 500"""


def main():
    pattern = re.compile(r"^(?P<day>\S+) (?P<level>[A-Z]+) \[(?P<part>\w+)\] (?P<text>.*)$", re.M)
    return {
        "rows": [m.groupdict() for m in pattern.finditer(LOG)],
        "sub": re.sub(r"(\d+)s\b", lambda m: f"{int(m[1]) * 1000}ms", LOG.splitlines()[0]),
        "split": re.split(r"\s*[,;]\s*", "a , b;c,d"),
        "lookahead": re.findall(r"\d+(?= EUR)", "5 EUR, 7 USD, 9 EUR"),
        "backreference": re.search(r"(\w)\1", "bookkeeper").span(),
        "unicode": re.findall(r"\w+", "naïve café"),
    }
