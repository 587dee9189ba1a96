from array import array


def main():
    numbers = array("i", [1, 2, 3, 4])
    view = memoryview(numbers)
    view[1] = 20
    data = bytearray(b"hello world")
    memoryview(data)[:5] = b"HELLO"
    return numbers.tolist(), data.decode(), view.itemsize, bytes(view.cast("B")[:4])
