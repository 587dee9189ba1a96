import sqlite3


def main():
    db = sqlite3.connect("shop.db")
    db.executescript(
        """CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE purchase(id INTEGER PRIMARY KEY, customer REFERENCES customer, amount REAL, day TEXT);"""
    )
    with db:
        db.executemany("INSERT INTO customer(name) VALUES (?)", [("Ann",), ("Bob",), ("Cem",)])
        db.executemany(
            "INSERT INTO purchase(customer, amount, day) VALUES (?, ?, ?)",
            [(1, 10.5, "2026-01-01"), (1, 20, "2026-01-03"), (2, 7.25, "2026-01-02")],
        )
    query = """SELECT name, count(amount), coalesce(sum(amount), 0), max(day) FROM customer c LEFT JOIN purchase p
               ON p.customer = c.id GROUP BY c.id ORDER BY 3 DESC"""
    window = "SELECT amount, sum(amount) OVER (ORDER BY day) FROM purchase ORDER BY day"
    return db.execute(query).fetchall(), db.execute(window).fetchall()
