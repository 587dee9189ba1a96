def main():
    def inner():
        nonlocal counter
        counter = 1
    return inner()
