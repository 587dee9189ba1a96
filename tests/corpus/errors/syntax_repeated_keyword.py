def main():
    return dict(size=1, colour=2, size=3)
