def main():
    rows = [("a", 1), ("b",), ("c", 3)]
    return {key: value for key, value in rows}
