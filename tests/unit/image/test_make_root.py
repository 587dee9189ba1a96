"""pyexec-make-root, on a small system made for it. As root, since a tree has devices and belongs to root."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(os.environ["IMAGE_PROGRAMS"]) / "pyexec-make-root"
DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="makes device nodes")


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False, **options)


def put(path, content="content", mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.fixture
def system(tmp_path):
    root = tmp_path / "system"
    put(root / "usr/bin/python3", mode=0o755)
    put(root / "usr/bin/su", mode=0o4755)
    put(root / "usr/bin/chage", mode=0o2755)
    put(root / "usr/lib/python3/module.py")
    put(root / "usr/lib/python3/open.py", mode=0o666)
    put(root / "usr/lib/pyexecd/other")
    (root / "usr/shared").mkdir()
    (root / "usr/shared").chmod(0o1777)
    put(root / "usr/shared/in_shared")
    (root / "usr/bin/python").symlink_to("python3")
    os.mkfifo(root / "usr/fifo")
    (root / "bin").symlink_to("usr/bin")
    put(root / "etc/ld.so.cache")
    put(root / "etc/python3.11/sitecustomize.py")
    (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
    put(root / "etc/shadow", mode=0o600)
    put(root / "etc/hostname")
    put(root / "etc/passwd", "secret:x:77:77::/:/bin/sh\n")
    put(root / "proc/self/status")
    put(root / "root/secret")
    return root


@pytest.fixture
def tree(system):
    """Made within what it is made of, as in an image."""
    made = system / "usr/lib/pyexecd/root"
    done = run(made, system)
    assert done.returncode == 0, done.stderr
    return made


def everything(tree):
    return {str(path.relative_to(tree)) for path in tree.rglob("*")}


@needs_root
def test_what_is_in_it(tree):
    assert everything(tree) == {
        *("bin", "dev", "etc", "run", "run/pyexecd", "site-packages", "tmp", "usr", "var"),
        *("var/cache", "var/cache/pyexecd", "var/cache/pyexecd/matplotlib", "var/tmp", "dev/shm"),
        *(f"dev/{name}" for name in DEVICES),
        *("etc/group", "etc/hosts", "etc/nsswitch.conf", "etc/passwd"),
        *("etc/ld.so.cache", "etc/localtime", "etc/python3.11", "etc/python3.11/sitecustomize.py"),
        *("usr/bin", "usr/bin/python", "usr/bin/python3", "usr/lib", "usr/lib/python3", "usr/lib/python3/module.py"),
        *("usr/lib/pyexecd", "usr/lib/pyexecd/other", "usr/shared", "usr/shared/in_shared"),
    }


@needs_root
def test_files_are_links(tree, system):
    for name in ("usr/bin/python3", "usr/lib/python3/module.py", "etc/ld.so.cache"):
        assert (tree / name).samefile(system / name), name
    assert os.readlink(tree / "bin") == "usr/bin"
    assert os.readlink(tree / "etc/localtime") == "/usr/share/zoneinfo/Etc/UTC"


@needs_root
def test_no_directory_can_be_written_but_by_root(tree):
    for path in [tree, *tree.rglob("*")]:
        status = path.lstat()
        assert status.st_uid == 0, path
        if path.is_dir() and not path.is_symlink():
            assert stat.S_IMODE(status.st_mode) == (0o711 if path in (tree / "run", tree / "run/pyexecd") else 0o755), path
        elif not path.is_symlink() and not path.is_char_device():
            assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH), path
    assert not list((tree / "tmp").iterdir())
    assert os.readlink(tree / "var/tmp") == os.readlink(tree / "dev/shm") == "/tmp"


@needs_root
def test_devices(tree):
    for name, minor in DEVICES.items():
        status = (tree / "dev" / name).lstat()
        assert stat.S_ISCHR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o666, name
        assert (os.major(status.st_rdev), os.minor(status.st_rdev)) == (1, minor), name
        assert status.st_rdev == os.stat(f"/dev/{name}").st_rdev, name


@needs_root
def test_accounts_are_the_slots(tree):
    accounts = (tree / "etc/passwd").read_text()
    assert "secret" not in accounts
    lines = accounts.splitlines()
    assert lines[0].startswith("root:x:0:0:") and lines[2] == "sandbox:x:1900000002:1900000002::/tmp:/bin/sh"
    assert lines[3].startswith("sandbox1:x:1900000003:1900000003:") and len(lines) > 500
    assert len({line.split(":")[2] for line in lines}) == len(lines)


@needs_root
def test_the_block_of_ids_can_be_moved(system, tmp_path):
    done = run(tmp_path / "tree", system, env={"PYEXEC_UID_BASE": "70000"})
    assert done.returncode == 0, done.stderr
    assert "\nsandbox:x:70002:70002:" in (tmp_path / "tree/etc/passwd").read_text()


@needs_root
def test_a_strict_umask_changes_nothing(system, tmp_path):
    assert run(tmp_path / "tree", system, umask=0o077).returncode == 0
    assert stat.S_IMODE((tmp_path / "tree/dev/null").stat().st_mode) == 0o666
    assert stat.S_IMODE((tmp_path / "tree").stat().st_mode) == 0o755


@needs_root
def test_another_file_system_gets_copies(system):
    os.utime(system / "usr/lib/python3/module.py", (1_000_000_000, 1_000_000_001))
    target = Path(f"/dev/shm/pyexec-make-root-{os.getpid()}")
    try:
        assert os.stat("/dev/shm").st_dev != os.stat(system).st_dev, "needs two file systems"
        done = run(target, system)
        assert done.returncode == 0 and " 0 files linked" in done.stdout, done
        copy = target / "usr/lib/python3/module.py"
        assert copy.read_text() == "content" and copy.stat().st_mtime == 1_000_000_001
        assert stat.S_IMODE((target / "usr/bin/python3").stat().st_mode) == 0o755
    finally:
        subprocess.run(["rm", "-rf", target, f"{target}.new"], check=True)


@needs_root
def test_capabilities_are_left_out(system, tmp_path):
    for name in ("ping", "pong"):
        put(system / "usr/bin" / name, mode=0o755)
    # cap_net_raw=ep, as setcap writes it
    os.setxattr(system / "usr/bin/ping", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    assert run(tmp_path / "tree", system).returncode == 0
    assert {path.name for path in (tmp_path / "tree/usr/bin").iterdir()} == {"python", "python3", "pong"}


@needs_root
def test_without_the_right_to_make_devices(system, tmp_path):
    without = ["setpriv", "--bounding-set=-mknod", "--inh-caps=-all"]
    done = subprocess.run([*without, PROGRAM, tmp_path / "tree", system], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "devices cannot be made here" in done.stderr, done
    assert {path.name for path in (tmp_path / "tree/dev").iterdir()} == {"shm"}


def test_what_is_there_is_not_touched(system, tmp_path):
    present = tmp_path / "tree"
    present.mkdir()
    done = run(present, system)
    assert done.returncode == 1 and "File exists" in done.stderr
    assert not list(present.iterdir()) and not (tmp_path / "tree.new").exists()


def test_a_failure_leaves_no_tree(system, tmp_path):
    put(tmp_path / "tree.new/left")
    done = run(tmp_path / "tree", system)
    assert done.returncode == 1 and "tree.new" in done.stderr
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["a", "b", "c"]])
def test_usage(arguments, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 64 and "usage:" in done.stderr
    assert not list(tmp_path.iterdir())
