"""libc's entry points that neither Python nor the shell's tools use."""

import shutil
import stat
import subprocess

import conftest


def values(lines, key):
    return [value for name, value in lines if name == key]


def test_temporary_names(place):
    lines = place.calls("temp_names")
    assert values(lines, "there") == ["0"] * 5
    assert [value[:6] for value in values(lines, "name")] == ["/tmp/" + letter for letter in "abcde"]
    for call in ("mkstemp", "mkostemp", "mkstemps", "mkostemps", "tmpfile"):
        (where,) = values(lines, call)
        assert where.startswith(f"{place.root}/"), call
    assert values(lines, "errno") == ["EINVAL", "ENOENT"]


def test_trees_and_patterns(place):
    lines = place.calls("trees")
    assert ("nftw", "/tmp/tree/deep base=deep") in lines and ("ftw", "/tmp/tree/deep/leaf") in lines
    assert values(lines, "match") == ["/tmp/tree/deep/"]
    assert values(lines, "entry") == [".", "..", "leaf"]
    assert values(lines, "remove") == ["0"]


def test_names_that_come_out(place):
    lines = dict(place.calls("names"))
    for call in ("getcwd", "exact", "allocated", "current"):
        assert lines[call] == "/tmp/names", call
    assert lines["short"] == "ERANGE"
    for call in ("realpath", "realpath_allocated", "canonical", "readlink"):
        assert lines[call] == "/tmp/names/file", call
    assert lines["missing"] == "ENOENT" and lines["cut"] == "/tmp/na"
    for call in ("from_root", "relative"):
        assert lines[call] == f"{place.root}/names/file", call
    assert lines["climb"] == lines["up"] == "/etc/passwd"
    assert lines["long"] == "-1" and lines["errno"] == ("ENAMETOOLONG" if place.with_library else "ENOENT")


def test_names_of_old_and_fortified_programs(place):
    lines = dict(place.calls("old_names"))
    for call in ("xstat", "statvfs", "truncate", "euidaccess", "statx", "rename", "link", "mkfifo"):
        assert lines[call] == "0", call
    assert lines["open_2"] == f"{place.root}/old" and lines["readlink_chk"] == "/tmp/old"
    assert lines["fopen"] == f"{place.root}/new" and lines["freopen"] == f"{place.root}/newer"
    assert lines["size"] == "10" and lines["pathconf"] == "255"


def test_system_and_popen_without_an_environment(place):
    lines = place.calls("shells")
    assert values(lines, "system") == [str(3 << 8)] and values(lines, "pclose") == ["0", str(4 << 8)]
    printed = values(lines, "popen")
    if place.with_library:
        assert printed[-2:] == ["system", "popen w"]
    assert not [line for line in printed if line.startswith(("LD_", "PYEXEC_"))]


def put_tool(place):
    """A script whose interpreter lies beneath /tmp too, and a program."""
    (place.root / "bin").mkdir()
    shutil.copy("/bin/sh", place.root / "bin" / "sh")
    shutil.copy("/bin/echo", place.root / "bin" / "echo")
    tool = place.root / "bin" / "tool"
    tool.write_text('#!/tmp/bin/sh -e\necho "$0 $*"; [ -f /tmp/bin/tool ]; exit 5\n')
    tool.chmod(0o755)


def test_exec(inside):
    put_tool(inside)
    lines = inside.run([conftest.CALLS, "exec"]).splitlines()
    for way in ("execl", "execlp", "execle", "execv", "execvp", "execve", "execvpe", "vfork"):
        assert f"/tmp/bin/tool {way}" in lines and f"{way}=5" in lines, way
    for way in ("fexecve", "execveat"):
        assert way in lines and f"{way}=0" in lines, way


def test_posix_spawn(inside):
    put_tool(inside)
    lines = inside.calls("spawn")
    assert values(lines, "spawnp") == ["0"] and values(lines, "spawn") == ["0"] and values(lines, "status") == ["5", "5"]
    assert values(lines, "none") == ["1"]
    assert (inside.root / "spawned").read_text() == "/tmp/bin/tool tool\n" * 2


def test_semaphores_and_shared_memory(place):
    lines = dict(place.calls("shared"))
    expected = {"create": "done", "exclusive": "EEXIST", "wait": "0", "child": "0", "close": "0", "unlink": "0"}
    expected.update({"gone": "ENOENT", "slash": "EINVAL", "cloexec": "1", "shm_unlink": "0", "shm_gone": "ENOENT"})
    for call, wanted in expected.items():
        assert lines[call] == wanted, call
    assert lines["shm"] == (f"{place.root}/.shm.calls-shm" if place.with_library else "/dev/shm/calls-shm")
    assert [path.name for path in place.private.iterdir() if path.name.startswith(".")] == []


def test_threads_that_fork(place):
    assert place.calls("threads") == [("thread", "done")] * 6


def test_call_before_the_librarys_constructor(place):
    """Another library's constructor runs first and finds /tmp where it is."""
    place.calls("threads", env={"CALLS_EARLY": place.tmp + "/early"})
    assert stat.S_ISREG((place.real / "early").stat().st_mode)


def test_exports_only_names_of_libc():
    """A misspelt wrapper would never be called."""

    def exported(path):
        listed = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
        return {line.split()[-1].split("@")[0] for line in listed.splitlines()}

    with open("/proc/self/maps", encoding="utf-8") as maps:
        (libc,) = {line.split()[-1] for line in maps if "/libc.so.6" in line}
    wrappers = exported(conftest.LIBRARY)
    assert len(wrappers) > 130
    assert wrappers - exported(libc) == {"pyexec_private_tmp_set"}


def test_set_while_running(inside):
    """As in the guest: the directory comes long after the library."""
    inside.private.rename(inside.scratch / "later")
    inside.root = inside.scratch / "later"
    (inside.scratch / "link").symlink_to("later")
    lines = inside.calls("set", str(inside.scratch / "link"), preload_only=True)
    assert lines[0] == ("before", "/tmp") and ("still", "/tmp") in lines
    assert ("relative", "-22") in lines and ("itself", "-22") in lines and ("missing", "-2") in lines
    assert ("set", "0") in lines and ("after", str(inside.root)) in lines and ("preload", "hidden") in lines
    assert (inside.root / "by-child").exists()


def test_set_instead_of_what_the_variable_said(inside):
    other = inside.scratch / "other"
    other.mkdir()
    lines = dict(line for line in inside.calls("set", str(other)) if len(line) == 2)
    assert lines["before"] == str(inside.private) and lines["after"] == str(other)
    assert (other / "by-child").exists() and not (inside.private / "by-child").exists()
