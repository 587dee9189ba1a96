"""What scripts do beneath /tmp, in plain python3."""

import shutil
import subprocess

import pytest


def test_files_and_listings(place):
    code = """
import glob, os, pathlib, sys
d = os.environ["D"]
os.chdir(d)
assert os.getcwd() == d, os.getcwd()
open("a.txt", "w").write("a")
os.makedirs("b/c")
pathlib.Path("/tmp", os.path.basename(d), "b", "d.txt").write_text("d")
assert sorted(os.listdir(d)) == ["a.txt", "b"] == sorted(e.name for e in os.scandir("."))
assert [sorted(files) for _, _, files in os.walk(d)] == [["a.txt"], ["d.txt"], []]
assert [sorted(files) for _, _, files, _ in os.fwalk(d)] == [["a.txt"], ["d.txt"], []]
assert glob.glob(d + "/**/*.txt", recursive=True) == [d + "/a.txt", d + "/b/d.txt"]
assert sorted(map(str, pathlib.Path(d).rglob("*.txt"))) == [d + "/a.txt", d + "/b/d.txt"]
os.chdir("b/c")
assert os.path.exists("../../a.txt") and os.path.exists("../../../../etc/passwd")
assert os.path.exists("../../../../tmp/" + os.path.basename(d) + "/a.txt")
os.chdir("/")
assert os.path.exists("tmp/" + os.path.basename(d) + "/a.txt")
assert os.path.basename(d) in os.listdir("/tmp")
os.rename(d + "/a.txt", d + "/e.txt")
os.link(d + "/e.txt", d + "/f.txt")
assert os.stat(d + "/e.txt").st_nlink == 2 and os.path.samefile(d + "/e.txt", d + "/f.txt")
os.remove(d + "/f.txt")
os.truncate(d + "/e.txt", 3)
os.mkfifo(d + "/fifo")
"""
    place.python(code)
    assert (place.real / "e.txt").read_bytes() == b"a\0\0" and (place.real / "b" / "d.txt").read_text() == "d"
    assert not (place.real / "a.txt").exists() and (place.real / "fifo").is_fifo()


def test_other_names_of_it(place):
    """/var/tmp and /dev/shm are the same directory, as where they are links to it."""
    code = """
import os
for parent in ("/var/tmp", "/dev/shm"):
    path = os.path.join(parent, os.path.basename(os.environ["D"]))
    print(os.path.isdir(path), os.path.exists(path + "/seen"))
"""
    (place.real / "seen").touch()
    assert place.python(code) == ("True True\n" if place.with_library else "False False\n") * 2


def test_temporary_files(place):
    code = """
import os, tempfile
tempfile.tempdir = None
assert tempfile.gettempdir() == "/tmp"
with tempfile.NamedTemporaryFile(dir=os.environ["D"]) as file, tempfile.TemporaryFile() as unnamed:
    file.write(b"x"); unnamed.write(b"y")
    assert file.name.startswith(os.environ["D"]) and os.path.exists(file.name)
    print(os.path.basename(file.name), flush=True)
    input()
with tempfile.TemporaryDirectory(dir=os.environ["D"]) as directory:
    open(directory + "/x", "w").close()
assert os.listdir(os.environ["D"]) == []
assert os.path.exists(tempfile.mkstemp(dir=os.environ["D"])[1])
"""
    place.python(code, input="\n")
    assert len(list(place.real.iterdir())) == 1


@pytest.mark.parametrize("refuse", [False, True], ids=["", "refused-by-path"])
def test_shutil(place, refuse):
    code = """
import os, shutil, sys
os.chdir(os.environ["D"])
os.makedirs("from/deep")
open("from/deep/x", "w").write("x")
os.symlink("deep/x", "from/link")
os.chmod("from/deep/x", 0o640)
os.utime("from/deep/x", (1000, 2000))
os.chmod("from/deep", 0o750)
shutil.copy("from/deep/x", "copied")
shutil.copy2("from/deep/x", "copied2")
shutil.copytree("from", "to", symlinks=True)
shutil.move("copied", "to/moved")
for path in ("copied2", "to/deep/x"):
    status = os.stat(path)
    assert status.st_mode & 0o777 == 0o640 and status.st_mtime == 2000, path
assert os.stat("to/deep").st_mode & 0o777 == 0o750
os.chmod("copied2", 0o200)
os.utime("copied2", ns=(5, 7))
assert os.stat("copied2").st_mtime_ns == 7
shutil.rmtree("from")
assert shutil.disk_usage("/tmp").total > 0
shutil.make_archive("archive", "gztar", "to")
"""
    if refuse and not place.with_library:
        place.python(code, refuse=True, status=1)
        assert "Operation not permitted" in place.stderr  # so it is refused
        return
    place.python(code, refuse=refuse)
    assert sorted(path.name for path in place.real.iterdir()) == ["archive.tar.gz", "copied2", "to"]
    assert (place.real / "to" / "moved").read_text() == "x"


def test_links(place):
    code = """
import os, pathlib
d = os.environ["D"]
open(d + "/file", "w").write("content")
os.symlink(d + "/file", d + "/absolute")
os.symlink("file", d + "/relative")
os.symlink("/etc/passwd", d + "/system")
assert os.readlink(d + "/absolute") == d + "/file" and os.readlink(d + "/relative") == "file"
assert open(d + "/absolute").read() == open(d + "/relative").read() == "content"
assert os.path.realpath(d + "/absolute") == d + "/file" == str(pathlib.Path(d + "/relative").resolve())
assert os.readlink(d + "/system") == "/etc/passwd" and "root" in open(d + "/system").read()
assert os.path.realpath(d + "/../../etc") == "/etc"
fd = os.open(d, os.O_RDONLY)
assert os.readlink("absolute", dir_fd=fd) == d + "/file"
os.symlink(d, "again", dir_fd=fd)
assert os.listdir(d + "/again/again/again") == os.listdir(d)
assert os.readlink("/proc/self/fd/%d" % fd) == d
"""
    place.python(code)
    assert (place.real / "absolute").readlink() == place.real / "file"


def test_sqlite(place):
    code = """
import os, sqlite3
for mode in ("delete", "wal"):
    connection = sqlite3.connect(os.environ["D"] + "/x.db")
    connection.execute("pragma journal_mode=" + mode)
    connection.execute("create table if not exists t (n)")
    with connection:
        connection.executemany("insert into t values (?)", [(i,) for i in range(100)])
    (row,) = connection.execute("pragma database_list")
    assert row[2] == os.environ["D"] + "/x.db", row
    connection.close()
print(sqlite3.connect("file:" + os.environ["D"] + "/x.db?mode=ro", uri=True).execute("select sum(n) from t").fetchone())
"""
    assert place.python(code) == "(9900,)\n"
    assert (place.real / "x.db").stat().st_size > 0


def test_import_from_there(place):
    (place.real / "helper_of_test.py").write_text("def where():\n    return __file__\n")
    code = """
import os, sys
sys.path.insert(0, os.environ["D"])
import helper_of_test
print(helper_of_test.where())
"""
    assert place.python(code) == f"{place.tmp}/helper_of_test.py\n"
    assert place.run(["/usr/bin/python3", "-m", "helper_of_test"], cwd=str(place.real)) == ""
    (place.real / "main.py").write_text("import helper_of_test, sys; print(sys.argv[0], sys.path[0], helper_of_test.where())")
    assert place.run(["/usr/bin/python3", f"{place.tmp}/main.py"]).split() == [
        f"{place.tmp}/main.py", place.tmp, f"{place.tmp}/helper_of_test.py"
    ]


def test_shared_objects(place):
    source = subprocess.run(["/usr/bin/python3", "-c", "import _json; print(_json.__file__)"], capture_output=True, text=True, check=True)
    library = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    expat = [line.split("=> ")[1] for line in library.splitlines() if "libexpat.so.1 " in line][0]
    shutil.copy(source.stdout.strip(), place.real) if source.stdout.startswith("/") else None
    shutil.copy(expat, place.real / "libcopied.so")
    code = """
import ctypes, os
assert ctypes.CDLL(os.environ["D"] + "/libcopied.so").XML_ExpatVersion
os.chdir(os.environ["D"])
assert ctypes.CDLL("./libcopied.so").XML_ExpatVersion
try:
    ctypes.CDLL(os.environ["D"] + "/none.so")
except OSError as error:
    assert "none.so" in str(error)
assert ctypes.CDLL("libm.so.6").cos
"""
    place.python(code)


def test_matplotlib(place):
    code = """
import os
import matplotlib
matplotlib.use("Agg")
from matplotlib import pyplot, font_manager
import numpy
pyplot.plot([1, 2, 3])
pyplot.title("text")
for kind in ("png", "svg", "pdf"):
    pyplot.savefig(os.environ["D"] + "/plot." + kind)
numpy.save(os.environ["D"] + "/array.npy", numpy.arange(10))
assert numpy.load(os.environ["D"] + "/array.npy", mmap_mode="r").sum() == 45
assert matplotlib.get_cachedir() == os.environ["D"] + "/.matplotlib"
font = font_manager.findfont("DejaVu Sans")
import shutil
shutil.copy(font, os.environ["D"] + "/own.ttf")
assert font_manager.get_font(os.environ["D"] + "/own.ttf").family_name
"""
    place.python(code, env={"MPLCONFIGDIR": place.tmp + "/.matplotlib"})
    assert (place.real / "plot.png").read_bytes()[1:4] == b"PNG" and (place.real / ".matplotlib").is_dir()


MULTIPROCESSING = """
import multiprocessing, os, sys
from multiprocessing import shared_memory

def square(n):
    open(os.path.join(os.environ["D"], "square-%d" % n), "w").close()
    return n * n

def add(lock, counter, queue):
    for _ in range(50):
        with lock:
            counter.value += 1
    queue.put(os.getcwd())

def fill(name):
    block = shared_memory.SharedMemory(name=name)
    block.buf[:5] = b"hello"
    block.close()

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        assert pool.map(square, range(5)) == [0, 1, 4, 9, 16]
    lock, counter, queue = context.Lock(), context.Value("i", 0, lock=False), context.Queue()
    workers = [context.Process(target=add, args=(lock, counter, queue)) for _ in range(2)]
    [worker.start() for worker in workers]
    assert [queue.get(timeout=60) for _ in workers] == ["/tmp"] * 2
    [worker.join() for worker in workers]
    assert counter.value == 100
    block = shared_memory.SharedMemory(create=True, size=100)
    worker = context.Process(target=fill, args=(block.name,))
    worker.start()
    worker.join()
    assert bytes(block.buf[:5]) == b"hello"
    block.close()
    block.unlink()
    print("done")
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(place, method):
    (place.real / "main.py").write_text(MULTIPROCESSING)
    assert place.run(["/usr/bin/python3", f"{place.tmp}/main.py", method], cwd=place.root) == "done\n"
    assert place.stderr == ""
    assert len(list(place.real.glob("square-*"))) == 5
    if place.with_library:
        assert [path.name for path in place.private.iterdir() if path.name != place.name] == []


def test_leaked_shared_memory_is_found_by_the_tracker(place):
    code = """
from multiprocessing import shared_memory
shared_memory.SharedMemory(create=True, size=10)
"""
    place.python(code)
    assert "leaked shared_memory" in place.stderr
    assert list(place.private.glob(".s*")) == []
