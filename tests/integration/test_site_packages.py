"""Packages of the operator's own: site_packages, which every script can import from, and preload, which the data guest
imports before it forks."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from .support.daemon import binary, own_environment
from .support.raw import wait_until

pytestmark = pytest.mark.needs_process  # directories of this very machine

SYSTEM = pathlib.Path("/usr/lib/python3/dist-packages")


@pytest.fixture
def directory():
    """Where every tier can show it to scripts, as /tmp is not without namespaces."""
    parent = "/opt" if os.access("/opt", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="pyexec-test-", dir=parent) as path:
        os.chmod(path, 0o755)
        yield pathlib.Path(path)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def warm(daemon):
    """A client of it, once the data guest is ready."""
    assert wait_until(lambda: daemon.client.request("GET", "/v1/packages").status == 200, 60) is not None
    return daemon.client


def refused(start, **settings):
    """What the log of a start says that does not come to be."""
    daemon = start(wait=False, **settings)
    assert daemon.process.wait(60) not in (0, -6, -11), "it serves"
    return daemon.log()


def test_pure_and_compiled_packages_of_debian(own_service, directory):
    """Copied elsewhere, so that they are not the system's ones that are found."""
    shutil.copy(SYSTEM / "roman.py", directory)
    for part in SYSTEM.glob("ujson*"):
        (shutil.copytree if part.is_dir() else shutil.copy)(part, directory / part.name)
    service = warm(own_service(site_packages=directory))
    script = """
        import roman, ujson
        def main():
            files = [roman.__file__, ujson.__file__]
            return [roman.toRoman(1987), ujson.dumps({"a": [1, 2.5, None]}), files]
        """
    number, text, files = service.result(script)
    assert (number, text) == ("MCMLXXXVII", '{"a":[1,2.5,null]}')
    assert not any(file.startswith(str(SYSTEM)) for file in files) and files[1].endswith(".so")
    # In both guests, and in a Python that a script starts.
    assert service.result("import pandas, roman\ndef main(): return roman.fromRoman('IV')") == 4
    child = """
        import subprocess, sys
        def main():
            code = "import roman; print(roman.toRoman(9))"
            return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        """
    assert service.result(child) == "IX\n"
    listed = {package["name"]: package for package in service.request("GET", "/v1/packages").json()["packages"]}
    assert listed["ujson"]["modules"] == ["ujson"]


@pytest.mark.slow
def test_they_come_before_the_systems_and_behind_the_standard_library(own_service, directory):
    write(directory / "roman.py", "WHOSE = 'the operator'")
    write(directory / "json.py", "WHOSE = 'the operator'")
    service = own_service(site_packages=directory).client
    script = "import json, roman\ndef main(): return [roman.WHOSE, hasattr(json, 'WHOSE')]"
    assert service.result(script) == ["the operator", False]


@pytest.mark.slow
def test_a_script_can_read_but_not_change_them(own_service, directory):
    write(directory / "kept.py", "VALUE = 1")
    for path in (directory, directory / "kept.py"):
        os.chmod(path, 0o777)
    service = own_service(site_packages=directory).client
    script = """
        import os, kept
        def attempt(function, *arguments):
            try:
                function(*arguments)
                return "done"
            except OSError as error:
                return error.errno
        def main():
            place = os.path.dirname(kept.__file__)
            return [attempt(open, kept.__file__), attempt(open, kept.__file__, "a"), attempt(os.unlink, kept.__file__),
                    attempt(os.mkdir, place + "/new"), attempt(os.rename, kept.__file__, place + "/other.py")]
        """
    read, *changed = service.result(script)
    assert read == "done" and "done" not in changed
    assert sorted(os.listdir(directory)) == ["kept.py"] and (directory / "kept.py").read_text() == "VALUE = 1"
    assert service.result("import kept\ndef main(): return kept.VALUE") == 1


@pytest.mark.slow
def test_a_virtual_environment_and_several_directories(own_service, directory):
    version = "{0.major}.{0.minor}".format(__import__("sys").version_info)
    environment = directory / "environment"
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", environment], check=True)
    write(environment / f"lib/python{version}/site-packages/first.py", "VALUE = 'first'")
    write(directory / "target" / "second" / "__init__.py", "VALUE = 'second'")
    write(directory / "link.pth", "")
    os.symlink(directory / "target", directory / "link")
    service = own_service(site_packages=f"{environment}:{directory}/link").client
    script = "import first, second.__init__\ndef main(): return first.VALUE + second.VALUE"
    assert service.result(script) == "firstsecond"


@pytest.mark.slow
def test_a_path_file_is_followed(own_service, directory):
    write(directory / "more.pth", "below\n")
    write(directory / "below" / "deep.py", "VALUE = 3")
    assert own_service(site_packages=directory).client.result("import deep\ndef main(): return deep.VALUE") == 3


def test_preloaded_modules_are_there_before_the_script(own_service, directory):
    write(directory / "slow_one.py", "import time\nLOADED = time.time()\ntime.sleep(1)")
    write(directory / "package" / "__init__.py", "")
    write(directory / "package" / "part.py", "VALUE = 5")
    service = warm(own_service(site_packages=directory, preload="slow_one,package.part"))
    script = """
        import sys
        BEFORE = [name in sys.modules for name in ("slow_one", "package.part", "numpy")]
        import time, slow_one
        def main():
            return [BEFORE, slow_one.LOADED < time.time() - 0.9]
        """
    assert service.result(script) == [[True, True, True], True]
    # A script that names none of them is not given the heavier guest.
    plain = "import sys\ndef main(): return 'num' + 'py' in sys.modules"
    assert wait_until(lambda: service.result(plain) is False, 20, 1) is not None  # once the pool is full


@pytest.mark.parametrize(
    "make, setting, words",
    [
        (None, "{}/missing", "missing: No such file or directory"),
        ("file", "{}/file", "file: Not a directory"),
        ("environment/pyvenv.cfg", "{}/environment", "environment is a virtual environment of another Python"),
    ],
    ids=["missing", "file", "other-python"],
)
def test_a_directory_that_cannot_be_used_stops_the_start(own_service, directory, make, setting, words):
    if make:
        write(directory / make, "")
    log = refused(own_service, site_packages=setting.format(directory))
    assert f"site_packages: {directory}" in log and words in log


@pytest.mark.slow
@pytest.mark.needs_root
def test_a_directory_that_scripts_may_not_read_stops_the_start(own_service, directory):
    write(directory / "closed" / "inner" / "module.py", "")
    os.chmod(directory / "closed", 0o700)
    log = refused(own_service, site_packages=directory / "closed" / "inner")
    assert f"{directory}/closed has mode 700 (chmod o+x helps)" in log


@pytest.mark.slow
def test_without_namespaces_a_directory_in_tmp_stops_the_start(own_service, directory, namespaces):
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        os.chmod(path, 0o755)
        if namespaces:
            write(pathlib.Path(path) / "there.py", "VALUE = 7")
            assert own_service(site_packages=path).client.result("import there\ndef main(): return there.VALUE") == 7
        else:
            assert f"{path}: in its place scripts have a directory of their own" in refused(own_service, site_packages=path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "source, words",
    [
        (None, "preload: chosen cannot be imported: ModuleNotFoundError: No module named 'chosen'"),
        ("1 / 0", "preload: chosen cannot be imported: ZeroDivisionError"),
        ("raise SystemExit(3)", "preload: chosen cannot be imported: SystemExit: 3"),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
         "preload: chosen has left a thread running"),
        # One that Python does not know of.
        ("import _thread, time\n_thread.start_new_thread(time.sleep, (60,))", "preload: chosen has left a thread running"),
        ("import os\nos.open('/dev/null', os.O_RDONLY)", "preload: chosen has left descriptor 4 open"),
    ],
    ids=["missing", "raises", "exits", "thread", "unknown-thread", "descriptor"],
)
def test_a_module_that_cannot_be_preloaded_stops_the_start(own_service, directory, source, words):
    if source:
        write(directory / "chosen.py", source)
    assert words in refused(own_service, site_packages=directory, preload="chosen")


@pytest.mark.slow
def test_a_thread_that_ends_by_itself_is_none(own_service, directory):
    write(directory / "chosen.py", "import threading, time\nthreading.Thread(target=time.sleep, args=(0.5,)).start()")
    service = warm(own_service(site_packages=directory, preload="chosen"))
    assert service.result("import sys, chosen\ndef main(): return 'pandas' in sys.modules") is True


@pytest.mark.parametrize(
    "setting, words",
    [
        ("--site-packages=relative", "absolute paths, separated by colons"),
        ("--site-packages=/a:", "absolute paths, separated by colons"),
        ("--preload=no-name", "names of modules"),
        ("--preload=a,,b", "names of modules"),
        ("--preload=a.", "names of modules"),
        ("--preload=1a", "names of modules"),
    ],
)
def test_values_of_another_form_are_refused(setting, words):
    done = subprocess.run([binary(), "check-config", setting], capture_output=True, text=True, check=False, env=own_environment())
    assert done.returncode not in (0, -6, -11) and words in done.stderr
