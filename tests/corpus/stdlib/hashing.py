import hashlib
import hmac


def main():
    message = "The quick brown fox jumps over the lazy dog".encode()
    digests = {name: hashlib.new(name, message).hexdigest() for name in ("md5", "sha1", "sha256", "sha3_256", "blake2s")}
    key = hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000)
    return digests, hmac.new(b"key", message, "sha256").hexdigest(), key
