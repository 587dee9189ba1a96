class Settings:
    size = 10
    ratio = size / (size - 10)


def main():
    return Settings.ratio
