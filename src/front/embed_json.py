"""Writes a JSON document as a C string, without its blanks:  embed_json.py INPUT OUTPUT NAME"""

import json
import pathlib
import sys

BYTES_PER_LINE = 24


def main(source, output, name):
    text = json.dumps(json.loads(pathlib.Path(source).read_text(encoding="utf-8")), separators=(",", ":"), ensure_ascii=False)
    data = text.encode()
    lines = [
        "    " + ", ".join(str(byte) for byte in data[start : start + BYTES_PER_LINE]) + ","
        for start in range(0, len(data), BYTES_PER_LINE)
    ]
    made = [
        "/* Made by embed_json.py. */",
        f'#include "front/{name}.h"',
        f"const size_t {name}_text_len = {len(data)};",
        f"const unsigned char {name}_text[] = {{",
        *lines,
        "    0};",
        "",
    ]
    pathlib.Path(output).write_text("\n".join(made), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
