"""The programs of tests/failing_programs; its README.md says what they look like."""

import json
import pathlib
from typing import NamedTuple

DIRECTORY = pathlib.Path(__file__).parents[2] / "failing_programs"


class Program(NamedTuple):
    name: str
    words: list  # of a right suggestion
    fields: dict  # of the request
    text: str


def read_program(kind, part):
    head, _, text = part.replace("␠", " ").partition("\n")  # a blank at the end of a line
    title, words, fields = (*head.split(" :: "), "{}")[:3]
    fields = json.loads(fields)
    fields["files"] = [{"path": path, "content": content} for path, content in fields.get("files", {}).items()]
    return Program(f"{kind}: {title}", words.split(" && "), fields, text)


def read_programs():
    programs = []
    for path in sorted(DIRECTORY.glob("*.txt")):
        parts = ("\n" + path.read_text(encoding="utf-8")).split("\n#### ")
        programs += [read_program(path.stem, part) for part in parts[1:]]
    return programs


def is_advised_well(program, suggestions):
    text = "\n".join(suggestions).lower()
    return all(word.lower() in text for word in program.words)
