"""What scripts can import, for GET /v1/packages: the distributions that are installed, by their own metadata."""

import importlib.metadata
import json
import platform
import re
import sys


def _modules_of(distribution, importable):
    """Its modules at the top level, as far as they can be found: by name where it does not list them."""
    listed = (distribution.read_text("top_level.txt") or "").split()
    if not listed and distribution.files:
        listed = {file.parts[0].partition(".")[0] for file in distribution.files if file.suffix in (".py", ".so")}
    if not listed:
        listed = [re.sub(r"[-.]+", "_", distribution.name)]
    return sorted(name for name in set(listed) if name in importable)


def describe(importable):
    """The list as JSON; `importable` are the names of all modules at the top level."""
    packages = {}
    for distribution in importlib.metadata.distributions():
        name, version = distribution.metadata["Name"], distribution.version
        modules = _modules_of(distribution, importable) if name and version else []
        if modules:
            loaded = any(module in sys.modules for module in modules)
            # The first one on the path is the one that is imported.
            packages.setdefault(
                re.sub(r"[-_.]+", "-", name).lower(),
                {"name": name, "version": version, "modules": modules, "preloaded": loaded},
            )
    listing = {"python": platform.python_version(), "packages": [packages[key] for key in sorted(packages)]}
    return json.dumps(listing, ensure_ascii=False)
