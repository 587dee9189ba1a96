"""API keys for a daemon of a test's own."""

import os
import subprocess

from .daemon import binary


def make_key(*arguments):
    """`pyexecd key ...`: (the line for the file, the key)."""
    made = subprocess.run([binary(), "key", *arguments], capture_output=True, text=True, check=True, timeout=30)
    return made.stdout, made.stderr.strip()


class KeyFile:
    """A file of keys that whoever runs the daemon can read, and the keys by name."""

    def __init__(self, directory):
        self.path = os.path.join(str(directory), "keys")
        self.keys = {}
        self.write("")

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path, 0o644)

    def add(self, *entries):
        """add("alice running=2", ...): a new key for each; the last of a name is in `keys`."""
        for entry in entries:
            line, key = make_key(*entry.split())
            self.keys[entry.split()[0]] = key
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(line)
        return self

    def headers(self, name):
        return {"Authorization": f"Bearer {self.keys[name]}"}
