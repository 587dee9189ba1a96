# a comment

VALUE = 'ü'


def main():
    return VALUE - 1
