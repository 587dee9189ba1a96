"""Writes the catalogue of techniques as a C file: embed.py OUTPUT (TESTS_DIRECTORY | CATALOGUE.json) [DEPFILE]

The directory is tests/, whose package `escape` has the techniques; DEPFILE tells ninja which files that are. A file is
such a catalogue already: tests of pyexec-selftest bring one with a hole in it.
"""

import json
import pathlib
import sys

BYTES_PER_LINE = 24


def read(source):
    if source.suffix == ".json":
        return json.loads(source.read_text(encoding="utf-8"))
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(source))
    from escape import catalogue

    return catalogue.selftest()


def main(output, source, depfile=None):
    source = pathlib.Path(source).resolve()
    data = json.dumps(read(source)).encode()
    lines = [
        "    " + ", ".join(str(byte) for byte in data[start : start + BYTES_PER_LINE]) + ","
        for start in range(0, len(data), BYTES_PER_LINE)
    ]
    text = "\n".join(
        [
            "/* Made by embed.py. */",
            '#include "front/selftest/embedded.h"',
            f"const size_t embedded_catalogue_len = {len(data)};",
            "const char embedded_catalogue[] = {",
            *lines,
            "    0};",
            "",
        ]
    )
    pathlib.Path(output).write_text(text, encoding="utf-8")
    if depfile:
        files = sorted((source / "escape").rglob("*.py"))
        pathlib.Path(depfile).write_text(f"{output}: {' '.join(map(str, files))}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
