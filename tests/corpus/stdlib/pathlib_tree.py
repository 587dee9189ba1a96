from pathlib import Path


def main():
    root = Path("project")
    for name in ("src/main.py", "src/util/text.py", "docs/index.md", "README"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name.upper(), encoding="utf-8")
    found = sorted(p.relative_to(root).as_posix() for p in root.rglob("*.py"))
    (root / "README").rename(root / "README.md")
    return {
        "python": found,
        "suffixes": sorted(p.suffix for p in root.glob("*.*")),
        "size": sum(p.stat().st_size for p in root.rglob("*") if p.is_file()),
        "stem": Path("/a/b.tar.gz").stem,
        "parts": Path("../x/./y").parts,
    }
