import sqlite3


class Median:
    def __init__(self):
        self.values = []

    def step(self, value):
        self.values.append(value)

    def finalize(self):
        return sorted(self.values)[len(self.values) // 2]


def main():
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    db.create_function("reverse", 1, lambda s: s[::-1])
    db.create_aggregate("median", 1, Median)
    row = db.execute("SELECT reverse('abc') AS r, median(value) AS m FROM (SELECT 3 AS value UNION SELECT 9 UNION SELECT 4)").fetchone()
    recursive = "WITH RECURSIVE f(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM f LIMIT 10) SELECT a FROM f"
    return dict(row), [r[0] for r in db.execute(recursive)]
