def main():
    value = 5
    del value
    return value
