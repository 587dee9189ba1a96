import struct

RECORD = struct.Struct("<H8s?d")


def main():
    rows = [(1, b"alpha", True, 2.5), (65535, b"omega", False, -1e10)]
    packed = b"".join(RECORD.pack(*row) for row in rows)
    back = [(n, name.rstrip(b"\0").decode(), flag, x) for n, name, flag, x in RECORD.iter_unpack(packed)]
    return RECORD.size, packed.hex(), back, struct.unpack(">I", b"\0\0\1\0")
