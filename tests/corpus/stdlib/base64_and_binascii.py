import base64
import binascii


def main():
    raw = bytes(range(0, 256, 17))
    return {
        "b64": base64.b64encode(raw).decode(),
        "url": base64.urlsafe_b64encode(b"\xfb\xff\xfe").decode(),
        "b32": base64.b32encode(b"hello").decode(),
        "b85": base64.b85encode(b"hello world").decode(),
        "hex": binascii.hexlify(raw, "-").decode(),
        "crc": binascii.crc32(raw),
        "bytes": raw,
    }
