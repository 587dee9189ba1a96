"""The shape of the project: who may see whom, what links what, and what no file may hold."""

import json
import re
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PROGRAMS = (
    "pyexecd", "pyexec-front", "pyexec-selftest", "pyexec-mcp", "pyexec-guest", "pyexec-make-root", "pyexec-healthcheck", "pyexec-key",
    "pyexec",
)

# Which folders of src/ the code of a folder may include, besides its own.
MAY_SEE = {
    "base": set(),
    "wire": {"base"},
    "jail": {"base"},
    "launcher": {"base", "wire", "jail"},
    "keeper": {"base", "wire", "jail"},
    "front": {"base", "wire", "jail"},
    "guest": {"base", "wire", "jail"},
    "preload": {"base", "wire"},
    "image": {"base", "jail"},
    "client": {"base"},
}
# pyexecd is launcher and keeper in one program; the first is the one door between them. The others are pure (no process,
# no descriptor, no library), and the client compiles them for itself.
DOORS = {("launcher", "keeper/keeper.h")} | {
    ("client", f"front/{name}.h") for name in ("base64", "byte_buffer", "json_text", "utf8")
}

# Libraries that only these programs may be linked with.
LINKED_BY = {
    "libmicrohttpd": {"pyexec-front"},
    "libjansson": {"pyexec-front", "pyexec-selftest", "pyexec-mcp"},
    "libnettle": {"pyexec-front", "pyexec-key", "pyexec-selftest", "pyexec-mcp"},
    "libpython": {"pyexec-guest"},
    "libcurl": {"pyexec"},
}

MOST_LINES = 600
# A name in the form of an address, which that file has to begin with.
FORMAT_OF_COPYRIGHT = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
# Hosts that a document may link to; the rest of the project fetches nothing by itself.
DOCUMENT_HOSTS = re.compile(r"^(www\.)?(keepachangelog\.com|semver\.org|docs\.python\.org|man7\.org|(docs\.)?kernel\.org)$")
# A word without a dot stands for a host in a comment or a test.
OWN_HOSTS = re.compile(r"^([a-z0-9-]+|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|([a-z0-9-]+\.)*(example(\.(org|com|net))?|invalid|test))$")
# Names that look like addresses: what SVG and XHTML are called in XML. Nobody fetches them.
NAMESPACE = re.compile(r"http://www\.w3\.org/(2000/svg|1999/xhtml)")
BUILT = ROOT / "web" / "dist"  # scripts/check-web says whether it is right
# A machine's own path, spelled so that this file does not hold it.
MACHINE_PATH = "/" + "work/"
# Kubernetes' label of a namespace's security standard looks like a host and is none.
REGISTRY = re.compile(r"(?<!pod-)\b(deb|security|snapshot|pypi|files|registry|proxy|index|mirror)\.[a-z0-9-]+\.(org|com|net|io)\b")


@lru_cache(maxsize=None)
def tracked_files():
    """What git knows and what is about to be added: nothing that .gitignore names."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def sources(*suffixes, under="src"):
    return [path for path in tracked_files() if path.suffix in suffixes and path.is_relative_to(ROOT / under)]


@lru_cache(maxsize=None)
def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""  # a picture, or a fuzzer's input


def place(path):
    return str(path.relative_to(ROOT))


def test_every_folder_of_src_has_its_rule():
    assert {path.relative_to(ROOT / "src").parts[0] for path in sources(".c", ".h")} <= set(MAY_SEE)


def test_nobody_includes_a_neighbour():
    wrong = []
    for path in sources(".c", ".h"):
        own = path.relative_to(ROOT / "src").parts[0]
        for included in re.findall(r'^\s*#\s*include\s*"([^"]+)"', text_of(path), re.MULTILINE):
            folder = included.split("/")[0]
            if "/" not in included or ".." in included:
                wrong.append(f'{place(path)}: "{included}" is not written as folder/name.h from src/')
            elif folder != own and folder not in MAY_SEE[own] and (own, included) not in DOORS:
                wrong.append(f'{place(path)}: {own} may not include "{included}"')
    assert not wrong, "\n".join(wrong)


def test_libraries_stay_in_their_programs():
    """The same rule one step earlier: the headers of a library appear only where it may be linked."""
    allowed = {"microhttpd.h": "front", "jansson.h": "front", "nettle/sha2.h": "front", "nettle/memops.h": "front", "Python.h": "guest",
               "curl/curl.h": "client"}
    wrong = [
        f"{place(path)}: <{header}>"
        for path in sources(".c", ".h")
        for header in re.findall(r"^\s*#\s*include\s*<([^>]+)>", text_of(path), re.MULTILINE)
        if header in allowed and path.relative_to(ROOT / "src").parts[0] != allowed[header]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_links_only_what_it_may(program):
    binary = BUILD / "bin" / program
    assert binary.exists(), "not built: run make"
    dynamic = subprocess.run(["readelf", "-dW", binary], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.+?)\]", dynamic)
    assert any(name.startswith("libc.so") for name in needed)
    wrong = [name for name in needed for library, owners in LINKED_BY.items() if name.startswith(library) and program not in owners]
    assert not wrong


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_is_hardened(program):
    read = subprocess.run(["readelf", "-hldW", BUILD / "bin" / program], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Type:\s+DYN", read), "not position-independent"
    assert "GNU_RELRO" in read and "BIND_NOW" in read, "relocations stay writable"
    stack = re.search(r"GNU_STACK.*", read)
    assert stack and "RWE" not in stack.group(), "executable stack"
    assert "RPATH" not in read and "RUNPATH" not in read


def test_preloaded_library_needs_libc_alone():
    """It is loaded into programs that know nothing of us."""
    dynamic = subprocess.run(
        ["readelf", "-dW", BUILD / "bin" / "pyexec-tmp.so"], capture_output=True, text=True, check=True
    ).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.+?)\]", dynamic)
    assert needed and all(re.match(r"lib(c|dl|rt|pthread)\.so|ld-linux", name) for name in needed), needed
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic and "BIND_NOW" in dynamic


def test_no_file_is_too_long():
    checked = {".c", ".h", ".py", ".sh", ".build", ".js", ".mjs", ".css", ""}
    wrong = [
        f"{place(path)}: {lines} lines"
        for path in tracked_files()
        if path.suffix in checked and path.name != "LICENSE" and (lines := text_of(path).count("\n")) > MOST_LINES
    ]
    assert not wrong, "\n".join(wrong)


def test_no_machine_or_registry_is_named():
    wrong = []
    for path in tracked_files():
        text = text_of(path).replace(FORMAT_OF_COPYRIGHT, "")
        document = path.suffix == ".md"
        if MACHINE_PATH in text:
            wrong.append(f"{place(path)}: a path of the machine it was written on")
        wrong += [f"{place(path)}: {found.group()}" for found in REGISTRY.finditer(text)]
        for host in re.findall(r"https?://(\[[^\]\s]*\]|[A-Za-z0-9.-]+)", NAMESPACE.sub("", text)):
            if not OWN_HOSTS.match(host.lower()) and not (document and DOCUMENT_HOSTS.match(host.lower())):
                wrong.append(f"{place(path)}: host {host}")
    assert not wrong, "\n".join(wrong)


def test_text_files_are_clean():
    wrong = []
    for path in tracked_files():
        if path.suffix not in {".c", ".h", ".py", ".md", ".build", ".txt", ".yml", ".js", ".mjs", ".css", ".html"} or path.is_relative_to(BUILT):
            continue
        text = text_of(path)
        if text and not text.endswith("\n"):
            wrong.append(f"{place(path)}: no newline at the end")
        if "\r" in text or re.search(r"[ \t]+$", text, re.MULTILINE):
            wrong.append(f"{place(path)}: carriage return or blanks at the end of a line")
    assert not wrong, "\n".join(wrong)


def test_meson_builds_every_source():
    introspected = json.loads((BUILD / "meson-info" / "intro-targets.json").read_text(encoding="utf-8"))
    built = {Path(name) for target in introspected for group in target["target_sources"] for name in group.get("sources", [])}
    missing = [place(path) for path in sources(".c") + sources(".c", under="tests/unit") if path not in built]
    assert not missing, f"in no meson.build: {missing}"


def test_the_image_is_built_from_what_the_build_wants(tmp_path):
    """.dockerignore lets through what meson looks at: a folder that it misses is seen here, not in a long build."""
    allowed = [line[1:] for line in text_of(ROOT / ".dockerignore").splitlines() if line.startswith("!")]
    for path in tracked_files():
        if any(path.is_relative_to(ROOT / name) or path.relative_to(ROOT).match(name) for name in allowed):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    done = subprocess.run(
        ["meson", "setup", tmp_path / "build", tmp_path, "-Dtests=false", "-Dclient=false"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-500:]
    made = subprocess.run(
        ["ninja", "-C", tmp_path / "build", "src/front/embedded_techniques.c", "src/front/embedded_playground.c", "src/guest/embedded_python.c"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout[-500:]
    # Of everything else: that what it is made from is there.
    dry = subprocess.run(["ninja", "-C", tmp_path / "build", "-n"], capture_output=True, text=True, check=False)
    assert dry.returncode == 0, (dry.stdout + dry.stderr)[-500:]


def test_every_header_is_guarded_by_its_path():
    wrong = []
    for path in sources(".h"):
        guard = "PYEXEC_" + re.sub(r"[/.]", "_", str(path.relative_to(ROOT / "src"))).upper()
        if f"#ifndef {guard}\n#define {guard}\n" not in text_of(path):
            wrong.append(f"{place(path)}: wants {guard}")
    assert not wrong, "\n".join(wrong)


def test_configuration_document_is_what_pyexecd_prints():
    done = subprocess.run([ROOT / "scripts" / "update-docs", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["pyexecd.8", "pyexecd.conf.5"])
def test_manual_page_names_every_setting_and_is_sound_roff(page):
    made = BUILD / "docs" / page
    printed = subprocess.run([BUILD / "bin" / "pyexecd", "--print-settings"], capture_output=True, text=True, check=True)
    names, *rows = [line.split("\t") for line in printed.stdout.splitlines()]
    checked = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-P-cbou", made], capture_output=True, text=True, check=True)
    assert checked.stderr == ""
    shown = checked.stdout.replace("\u2212", "-").replace("\u2010", "-")
    for row in (dict(zip(names, row, strict=True)) for row in rows):
        if page == "pyexecd.8":
            assert f"{row['flag']}=value" in shown
        elif row["name"] != "config":
            assert re.search(rf"^ +{row['name']} \({row['change']}\)$", shown, re.MULTILINE), row["name"]


def client_options():
    printed = subprocess.run([BUILD / "bin" / "pyexec", "--print-options"], capture_output=True, text=True, check=True).stdout
    names, *rows = [line.split("\t") for line in printed.splitlines()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_manual_page_of_the_command_is_its_help():
    """Every option with its letter, argument and text, and the exit statuses that the source defines."""
    made = BUILD / "docs" / "pyexec.1"
    checked = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-P-cbou", made], capture_output=True, text=True, check=True)
    assert checked.stderr == ""
    shown = re.sub(r"\s+", " ", checked.stdout.replace("\u2212", "-").replace("\u2010", "-"))
    help_text = subprocess.run([BUILD / "bin" / "pyexec", "--help"], capture_output=True, text=True, check=True).stdout
    options = [row for row in client_options() if row["of"] != "command"]
    assert len(options) > 20 and len(options) == len(re.findall(r"^  .{3} --[a-z-]+", help_text, re.MULTILINE))
    for row in options:
        argument = f"={row['argument']}" if row["argument"] else ""
        letter = f"-{row['letter']}, " if row["letter"] else ""
        assert f"{letter}--{row['name']}{argument} {row['help'][0].upper()}{row['help'][1:20]}" in shown, row["name"]
        assert re.search(rf"^ +{letter}--{row['name']}{re.escape(argument)}\n +{re.escape(row['help'])}$", help_text, re.MULTILINE)
    for status in re.findall(r"EXIT_STATUS_\w+ = (\d+)", text_of(ROOT / "src" / "client" / "exit_status.h")):
        assert re.search(rf" {status} [A-Z]", shown), status


def test_completions_know_every_option_of_the_command():
    zsh = text_of(BUILD / "docs" / "_pyexec")
    for row in client_options():
        if row["of"] == "command":
            assert f"'{row['name']}:" in zsh
            continue
        name = f"--{row['name']}" + ("=" if row["argument"] else "")
        assert f"'*{name}[" in zsh
        for line, expected in (
            (["pyexec", "run", name[:-1]], row["of"] in ("run", "all")),
            (["pyexec", "health", name[:-1]], row["of"] == "all"),
        ):
            assert (name in completed(line)) == expected, line


def completed(words):
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pyexec; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", BUILD / "docs" / "pyexec", *words], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pyexec", ""], {"run", "packages", "limits", "health"}),
        (["pyexec", "he"], {"health"}),
        (["pyexec", "run", "--mode", "="], {"main", "script"}),
        (["pyexec", "run", "--mode", "=", "s"], {"script"}),
        (["pyexec", "run", "meson.b"], {"meson.build"}),
        (["pyexec", "run", "--output", "doc"], {"docs"}),
        (["pyexec", "run", "--timeout", "doc"], set()),
    ],
)
def test_bash_completes(words, expected):
    assert expected <= set(completed(words))
    assert expected or not completed(words)


def test_help_names_every_setting():
    """The names in the header's structure of settings, those of --help and those of the document are the same."""
    shown = subprocess.run([BUILD / "bin" / "pyexecd", "--help"], capture_output=True, text=True, check=True).stdout
    in_help = set(re.findall(r"^  --([a-z-]+)=", shown, re.MULTILINE))
    documented = set(re.findall(r"^\| `--([a-z-]+)` \|", text_of(ROOT / "docs" / "configuration.md"), re.MULTILINE))
    assert in_help == documented and len(in_help) > 30


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"])
def test_document_exists(name):
    assert (ROOT / name).stat().st_size > 200


def test_documents_link_to_files_that_exist():
    wrong = []
    for path in tracked_files():
        if path.suffix == ".md":
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(path)):
                if "://" not in target and not (path.parent / target).exists():
                    wrong.append(f"{place(path)}: {target}")
    assert not wrong, "\n".join(wrong)
