import uuid


def main():
    five = uuid.uuid5(uuid.NAMESPACE_DNS, "python.org")
    four = uuid.uuid4()
    return {"five": five, "three": str(uuid.uuid3(uuid.NAMESPACE_URL, "http://x")), "version": four.version, "int": five.int}
