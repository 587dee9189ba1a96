"""What the image holds, and what it does not."""

import json
import re
import subprocess
from pathlib import Path

from integration.support.container import IMAGE, docker

ROOT = Path(__file__).resolve().parent.parent.parent
TREE = "/usr/lib/pyexecd/root"


def lines(text):
    return [line for line in text.splitlines() if line]


def test_no_compiler_and_no_headers(in_image):
    names = "cc gcc g++ c++ cpp clang as ld make ninja meson pkg-config"
    assert in_image(f"for name in {names}; do command -v $name; done; true") == ""
    packages = in_image("dpkg-query -W -f '${Package}\\n'").split()
    assert "python3-numpy" in packages  # the list is one
    assert not [name for name in packages if name.endswith("-dev") or re.match(r"(gcc|g\+\+|cpp|binutils)(-1[0-9])?$", name)]


def test_no_package_lists_or_caches(in_image):
    assert in_image("find /var/lib/apt/lists /var/cache/apt /tmp /var/tmp -type f") == ""


def test_nobody_gains_rights_by_a_program(in_image):
    assert in_image("find / -xdev -type f -perm /6000") == ""
    assert in_image("find / -xdev -type f -perm /0111 -name python3*") != ""  # find does find


def test_nothing_of_the_sources_or_their_history(in_image):
    assert in_image("find / -xdev ( -name Dockerfile -o -name .git -o -name meson.build ) -not -path '/proc/*'".replace("(", "\\(").replace(")", "\\)")) == ""


def test_packages_are_listed_with_versions(in_image):
    listed = lines(in_image("cat /usr/share/doc/pyexecd/packages.txt"))
    assert len(listed) > 80 and all(re.fullmatch(r"\S+ \S+ \S+", line) for line in listed)
    assert any(line.startswith("python3-pandas 1.") for line in listed)


def test_labels_and_settings():
    config = json.loads(docker("image", "inspect", IMAGE))[0]["Config"]
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text(encoding="utf-8"))[1]
    assert config["Labels"]["org.opencontainers.image.version"] == version
    assert config["Entrypoint"] == ["/usr/bin/pyexecd"], "a shell between would keep signals from it"
    assert config["Healthcheck"]["Test"][0] == "CMD" and "8080/tcp" in config["ExposedPorts"]
    assert "PYEXEC_LISTEN=:8080" in config["Env"]


def test_python_is_compiled(in_image):
    """No first use pays for it: what Python would write itself is there and is taken for good."""
    script = (
        "import importlib.util, pathlib, sys\n"
        "import numpy, pandas, matplotlib.pyplot\n"
        "for module in list(sys.modules.values()):\n"
        "    source = getattr(module, '__file__', None)\n"
        "    if source and source.endswith('.py') and not pathlib.Path(importlib.util.cache_from_source(source)).exists():\n"
        "        print(source)\n"
    )
    done = subprocess.run(
        ["docker", "run", "--rm", "-i", "--entrypoint", "/usr/bin/python3", IMAGE, "-v", "-"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == ""
    stale = [line for line in done.stderr.splitlines() if "bytecode is stale" in line or line.startswith("# wrote")]
    assert not stale and "matches" in done.stderr


def test_the_whole_standard_library_is_there(in_image):
    script = (
        "import importlib, sys; missing = []\n"
        "for name in sorted(sys.stdlib_module_names - {'this', 'antigravity'}):\n"
        "    try: importlib.import_module(name)\n"
        "    except ImportError: missing.append(name)\n"
        "print(*missing)"
    )
    missing = set(docker("run", "--rm", "--entrypoint", "/usr/bin/python3", IMAGE, "-c", script).split())
    windows_and_macos = {"_msi", "_overlapped", "_scproxy", "_winapi", "msilib", "msvcrt", "nt", "winreg", "winsound"}
    # Programs of IDLE's, and a database library: Debian has them as packages of their own.
    assert missing <= windows_and_macos | {"idlelib", "turtledemo", "_gdbm"}


class TestPreparedTree:
    def test_is_made_of_links(self, in_image):
        """The same files, not copies: neither on the disk nor in memory do they cost anything."""
        for path in ("/usr/bin/python3.11", "/usr/lib/python3/dist-packages/numpy/__init__.py", "/usr/libexec/pyexecd/pyexec-guest"):
            outside, inside = lines(in_image(f"stat -c '%i %h' $(readlink -f {path}) {TREE}$(readlink -f {path})"))
            assert outside == inside, path
        both, alone = (int(text.split()[0]) for text in lines(in_image(f"du -sxk /usr; du -sxk --exclude={TREE} /usr")))
        assert both - alone < 0.1 * alone, f"{both - alone} KiB"

    def test_holds_nothing_that_everybody_may_write(self, in_image):
        assert in_image(f"find {TREE} -xdev -perm -0002 -not -type l -not -type c") == ""
        assert in_image(f"find {TREE} -xdev -not -user 0") == ""
        assert in_image(f"find {TREE}/tmp {TREE}/run/pyexecd -mindepth 1") == ""
        assert in_image(f"stat -c '%a %u' {TREE}/tmp {TREE}/run {TREE}/run/pyexecd") == "755 0\n711 0\n711 0"

    def test_has_what_a_sandbox_is_started_with(self, in_image):
        in_image(f"for name in pyexec-guest pyexec-tmp.so; do test -s {TREE}/usr/libexec/pyexecd/$name; done")
        assert lines(in_image(f"cd {TREE}/dev && stat -c '%n %t %T %a' null zero full random urandom")) == [
            "null 1 3 666",
            "zero 1 5 666",
            "full 1 7 666",
            "random 1 8 666",
            "urandom 1 9 666",
        ]

    def test_has_no_window(self, in_image):
        assert in_image(f"ls {TREE}") == "\n".join(["bin", "dev", "etc", "lib", "lib64", "run", "sbin", "site-packages", "tmp", "usr", "var"])

    def test_python_works_in_it(self, in_image):
        script = "import pandas, matplotlib.pyplot, ssl, sqlite3; print(pandas.DataFrame([1]).sum()[0])"
        assert in_image(f"MPLCONFIGDIR=/nonexistent chroot {TREE} python3 -c '{script}' 2>/dev/null") == "1"
