def main():
    values = [4, 2, 0, 1]
    return [
        12 / value
        for value in values
        if value < 10
    ]
