import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main(width=3, height=2):
    rows = b"".join(b"\0" + bytes([40 * x, 40 * y, 200]) * 1 for y in range(height) for x in range(1))
    raw = b"".join(b"\0" + b"".join(bytes([80 * x, 90 * y, 200]) for x in range(width)) for y in range(height))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    found, at = [], 8
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        found.append((kind.decode(), size))
        at += 12 + size
    return found[0], found[-1], len(found), len(rows)
