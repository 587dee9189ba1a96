"""Writes the playground's page as C, as it is and compressed, with its tags and its policy:  embed_page.py INPUT OUTPUT

The policy names the page's own scripts and styles by hash: nothing else runs, whatever a script's output does to the page.
"""

import base64
import gzip
import hashlib
import pathlib
import re
import sys

BYTES_PER_LINE = 80


def hashes(page, element):
    """Sources for a policy: the hash of each such element's text."""
    texts = re.findall(rf"<{element}(?: [^>]*)?>(.*?)</{element}>", page, re.DOTALL)
    assert texts and all(texts), f"the page has no <{element}>, or an empty one"
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def policy(page):
    return "; ".join([
        "default-src 'none'",
        f"script-src {hashes(page, 'script')}",
        f"style-src {hashes(page, 'style')}",
        "img-src data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # No text becomes markup or code, by any of the browser's functions that could make it so.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ])


# How each byte stands in a C string, which compiles many times faster than a list of numbers. A question mark could be
# part of a trigraph.
WRITTEN = [chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '\\"?' else f"\\{byte:03o}" for byte in range(256)]


def array(name, data):
    lines = ["    \"" + "".join(WRITTEN[byte] for byte in data[at : at + BYTES_PER_LINE]) + "\"" for at in range(0, len(data), BYTES_PER_LINE)]
    return [f"static const unsigned char {name}[] =", *lines, "    ;"]


def main(source, output):
    plain = pathlib.Path(source).read_bytes()
    packed = gzip.compress(plain, compresslevel=9, mtime=0)
    tag = hashlib.sha256(plain).hexdigest()[:32]
    made = [
        "/* Made by embed_page.py. */",
        '#include "front/playground.h"',
        *array("plain", plain),
        *array("packed", packed),
        f'const struct playground_form playground_plain = {{plain, {len(plain)}, "\\"{tag}\\"", NULL}};',
        f'const struct playground_form playground_packed = {{packed, {len(packed)}, "\\"{tag}-gzip\\"", "gzip"}};',
        f'const char playground_policy[] = "{policy(plain.decode())}";',
        "",
    ]
    pathlib.Path(output).write_text("\n".join(made), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
