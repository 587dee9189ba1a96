def main():
    return bytearray(10**15)
