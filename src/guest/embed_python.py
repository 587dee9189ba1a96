"""Writes the Python sources of the guest as one C file: embed_python.py OUTPUT SOURCE..."""

import pathlib
import sys

BYTES_PER_LINE = 24


def c_array(name, data):
    lines = [
        "    " + ", ".join(str(byte) for byte in data[start : start + BYTES_PER_LINE]) + ","
        for start in range(0, len(data), BYTES_PER_LINE)
    ]
    return f"static const char {name}[] = {{\n" + "\n".join(lines) + "\n    0};\n"


def main(output, *sources):
    paths = [pathlib.Path(source) for source in sources]
    parts = ["/* Made by embed_python.py. */\n", '#include "guest/embedded.h"\n']
    parts += [c_array(f"source_{path.stem}", path.read_bytes()) for path in paths]
    parts.append("const struct embedded_source embedded_sources[] = {")
    parts += [f'    {{"{path.stem}", source_{path.stem}}},' for path in paths]
    parts.append("    {0, 0},\n};\n")
    pathlib.Path(output).write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
