import csv
import io

SOURCE = 'name,city,amount\n"Smith, Ann",Paris,12.50\nBob,"New ""York""",7\n'


def main():
    rows = list(csv.DictReader(io.StringIO(SOURCE)))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([row["name"], row["city"].upper(), float(row["amount"]) * 2])
    print(out.getvalue(), end="")
    return rows, csv.Sniffer().sniff("a;b\n1;2\n").delimiter
