def main():
    total = sum(range(5))
    assert total == 11
