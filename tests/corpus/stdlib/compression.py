import bz2
import gzip
import lzma
import zlib


def main():
    data = b"".join(b"%d squared is %d\n" % (n, n * n) for n in range(2000))
    sizes = {}
    for module in (zlib, gzip, bz2, lzma):
        packed = module.compress(data)
        assert module.decompress(packed) == data
        sizes[module.__name__] = len(packed) < len(data) / 2
    return sizes, zlib.crc32(data), zlib.adler32(data)
