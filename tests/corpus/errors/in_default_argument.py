def connect(port=int("http")):
    return port


def main():
    return connect()
