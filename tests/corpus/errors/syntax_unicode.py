def grüße():
    return 'ß' 'ä' 5


def main():
    return grüße()
