"""Writes texts as C strings, JSON without its blanks:  embed.py OUTPUT INPUT..."""

import json
import pathlib
import sys

BYTES_PER_LINE = 24


def text_of(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
    return text


def array_of(path):
    data = text_of(path).encode()
    lines = [
        "    " + ", ".join(str(byte) for byte in data[start : start + BYTES_PER_LINE]) + ","
        for start in range(0, len(data), BYTES_PER_LINE)
    ]
    return [f"static const unsigned char {path.stem}_bytes[] = {{", *lines, "    0};"]


def main(output, *inputs):
    paths = [pathlib.Path(name) for name in inputs]
    made = ["/* Made by embed.py. */", '#include "front/mcp/texts.h"']
    for path in paths:
        made += array_of(path)
        made.append(
            f"const struct mcp_text mcp_text_{path.stem} = {{(const char *){path.stem}_bytes, sizeof {path.stem}_bytes - 1}};"
        )
    pathlib.Path(output).write_text("\n".join([*made, ""]), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
