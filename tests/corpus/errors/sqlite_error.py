import sqlite3


def main():
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (a INTEGER CHECK (a > 0))")
    db.execute("INSERT INTO t VALUES (?)", (-1,))
