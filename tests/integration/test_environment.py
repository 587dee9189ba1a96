"""What a script may rely on: the contract's last section, each promise a test. Random state has its own file."""

import os
import time

import pytest

from .support.daemon import HOST_SECRET, ROOT


class TestDirectory:
    def test_one_directory_by_all_its_names(self, service):
        script = """
            import os, pathlib, subprocess, tempfile
            def main():
                open("mark", "w").write("here")
                shell = "cat /tmp/mark; cat $HOME/mark; cat $TMPDIR/mark; cat ./mark; echo from child > /tmp/child"
                child = subprocess.run(["sh", "-c", shell], capture_output=True, text=True).stdout
                return {
                    "tmp": open("/tmp/mark").read(),
                    "home": (pathlib.Path.home() / "mark").read_text(),
                    "expanded": open(os.path.expanduser("~/mark")).read(),
                    "tmpdir": open(os.environ["TMPDIR"] + "/mark").read(),
                    "tempfile": open(tempfile.gettempdir() + "/mark").read(),
                    "child": child,
                    "back": open("child").read(),
                    "same": os.path.samefile(".", "/tmp"),
                }
            """
        got = service.result(script)
        assert got.pop("child") == "here" * 4 and got.pop("back") == "from child\n" and got.pop("same") is True
        assert set(got.values()) == {"here"}, got

    def test_empty_at_the_start(self, service):
        script = "import os\ndef main():\n    return [os.listdir('.'), os.listdir('/tmp')]"
        for module in ("", "import pandas\n", "import matplotlib.pyplot\n"):
            assert service.result(module + script) == [[], []]

    def test_only_the_scripts_own(self, service):
        script = """
            import os
            def main():
                return [oct(os.stat(".").st_mode & 0o777), os.stat(".").st_uid == os.getuid()]
            """
        mode, own = service.result(script)
        assert own is True and mode in ("0o700", "0o1777", "0o755")

    def test_gone_afterwards(self, service):
        name = f"left-behind-{os.urandom(6).hex()}"
        leave = "import os\ndef main(name):\n    os.makedirs(f'd/{name}')\n    open(name, 'w').write(name * 1000)"
        service.result(leave, args=[name])
        seek = "import os\ndef main():\n    return [os.listdir(d) for d in ('/tmp', '/dev/shm', '.') if os.path.exists(d)]"
        for module in ("", "import numpy\n") * 4:
            assert name not in str(service.result(module + seek))

    @pytest.mark.needs_process
    def test_gone_from_the_host_too(self, service):
        name = f"left-behind-{os.urandom(6).hex()}"
        service.result("def main(name):\n    open(name, 'w').write('x')", args=[name])
        time.sleep(0.3)
        for top in ("/tmp", "/run", "/var/tmp", "/dev/shm", "/var/lib"):
            for directory, directories, files in os.walk(top):
                assert name not in files + directories, directory

    def test_full_of_life(self, service):
        """Renames, links, locks, modes and odd names work in it as on any file system."""
        script = """
            import os, shutil, tempfile
            def main():
                os.makedirs("a/b")
                open("a/b/x", "w").write("1")
                os.rename("a/b/x", "a/y")
                os.link("a/y", "hard")
                os.symlink("a/y", "soft")
                os.chmod("hard", 0o640)
                os.utime("hard", (1, 2))
                shutil.copy("hard", "copy")
                shutil.copytree("a", "tree")
                shutil.move("tree/y", "moved")
                os.truncate("moved", 100)
                open("né\\nw ☃", "w").close()
                with tempfile.NamedTemporaryFile() as f, tempfile.TemporaryDirectory() as d, tempfile.TemporaryFile() as g:
                    f.write(b"x"); g.write(b"x")
                shutil.rmtree("a")
                return [sorted(os.listdir(".")), os.stat("hard").st_mtime, os.stat("moved").st_size]
            """
        assert service.result(script) == [["copy", "hard", "moved", "né\nw ☃", "soft", "tree"], 2.0, 100]


class TestReadOnlySystem:
    ATTEMPTS = """
        import os
        def attempt(action, *arguments):
            try:
                action(*arguments)
            except OSError as error:
                return error.errno is not None
            return False

        def main(directories, files):
            allowed = []
            for directory in directories:
                name = directory.rstrip("/") + "/created-by-"
                for action, arguments in [
                    (os.open, (name + "open", os.O_CREAT | os.O_WRONLY)), (os.mkdir, (name + "mkdir",)),
                    (os.symlink, ("x", name + "symlink")), (os.mkfifo, (name + "mkfifo",)),
                    (os.chmod, (directory, 0o777)), (os.rename, (directory, directory + "-moved")),
                ]:
                    if not attempt(action, *arguments):
                        allowed.append([action.__name__, name])
            for file in files:
                for action, arguments in [
                    (os.open, (file, os.O_WRONLY)), (os.open, (file, os.O_RDWR)), (os.unlink, (file,)),
                    (os.truncate, (file, 0)), (os.chmod, (file, 0o777)), (os.utime, (file, (0, 0))),
                    (os.rename, (file, "/tmp/stolen")), (os.link, (file, "/tmp/linked")),
                    (os.chown, (file, 0, 0)), (os.setxattr, (file, "user.x", b"1")),
                ]:
                    if not attempt(action, *arguments):
                        allowed.append([action.__name__, file])
            return allowed
        """
    DIRECTORIES = ["/", "/usr", "/usr/bin", "/usr/lib", "/usr/lib/python3", "/usr/share", "/etc", "/dev", "/lib", "/var",
                   "/root", "/home", "/opt", "/proc", "/proc/self", "/sys", "/run", "/run/lock", "/boot", "/srv",
                   "/mnt"]  # fmt: skip
    FILES = ["/etc/passwd", "/usr/bin/env", "/bin/sh", "/usr/bin/python3", "/etc/hosts", "/etc/ld.so.cache"]

    def test_nothing_of_it_can_be_changed(self, service):
        assert service.result(self.ATTEMPTS, args=[self.DIRECTORIES, self.FILES]) == []

    def test_the_same_attempts_work_in_the_private_directory(self, service):
        """The positive control: the test would notice what is allowed."""
        setup = "import os\nos.mkdir('/tmp/d')\nopen('/tmp/f', 'w').close()\n"
        script = setup + "\n".join(line[8:] for line in self.ATTEMPTS.splitlines())
        allowed = service.result(script, args=[["/tmp/d"], ["/tmp/f"]])
        assert {action for action, _ in allowed} >= {"open", "mkdir", "symlink", "chmod", "rename", "unlink"}

    def test_pythons_own_files_cannot_be_changed(self, service):
        script = """
            import json, numpy, os
            def main():
                changed = []
                for module in (os, json, numpy):
                    for path in (module.__file__, os.path.dirname(module.__file__) + "/new.py"):
                        try:
                            open(path, "a").close()
                            changed.append(path)
                        except OSError:
                            pass
                return changed
            """
        assert service.result(script) == []

    def test_no_mounting_and_no_new_root(self, service):
        script = """
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            def main():
                return [
                    libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), libc.umount2(b"/tmp", 2), libc.chroot(b"/tmp"),
                    libc.unshare(0x10000000), libc.unshare(0x00020000), libc.setuid(0) if os.getuid() else -1,
                    libc.mknod(b"/tmp/device", 0o20666, os.makedev(1, 1)),
                ]
            """
        assert service.result(script) == [-1] * 7


class TestNoNetwork:
    @pytest.mark.parametrize(
        "call",
        [
            "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "socket.socket(socket.AF_INET6, socket.SOCK_STREAM)",
            "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
            "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
            "socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)",
            "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
            "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)",
            "socket.socket(38, socket.SOCK_SEQPACKET)",
            "socket.create_connection(('127.0.0.1', port))",
            "socket.create_connection(('localhost', port))",
            "socket.create_server(('127.0.0.1', 0))",
            "urllib.request.urlopen(f'http://127.0.0.1:{port}/health', timeout=3)",
            "http.client.HTTPConnection('127.0.0.1', port).request('GET', '/health')",
            "socket.getaddrinfo('example.com', 80)",
            "asyncio.run(asyncio.open_connection('127.0.0.1', port))",
        ],
    )
    def test_is_refused(self, service, call):
        script = f"""
            import asyncio, http.client, socket, urllib.request
            def main(port):
                try:
                    {call}
                except OSError as error:
                    return type(error).__name__
                return "allowed"
            """
        assert service.result("\n" + script, args=[service.port], timeout=8) != "allowed"

    def test_is_refused_to_children(self, service):
        script = """
            import subprocess, sys
            def main(port):
                code = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
                return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode
            """
        assert service.result(script, args=[service.port]) == 1

    def test_a_pair_of_sockets_is_no_network(self, service):
        script = """
            import socket
            def main():
                a, b = socket.socketpair()
                a.sendall(b"ping")
                return b.recv(10).decode()
            """
        assert service.result(script) == "ping"


class TestDevices:
    def test_null_zero_urandom(self, service):
        script = """
            import os, stat
            def main():
                null = open("/dev/null", "r+b", buffering=0)
                return [
                    null.write(b"gone"), null.read(), open("/dev/zero", "rb").read(4).hex(),
                    len(set(open("/dev/urandom", "rb").read(16) for _ in range(4))),
                    [stat.S_ISCHR(os.stat(f"/dev/{n}").st_mode) for n in ("null", "zero", "urandom")],
                ]
            """
        assert service.result(script) == [4, "", "00000000", 4, [True] * 3]

    def test_no_other_device_can_be_opened(self, service):
        script = """
            import os
            def main(names):
                opened = []
                for name in names:
                    try:
                        os.close(os.open(name, os.O_RDONLY | os.O_NONBLOCK))
                        opened.append(name)
                    except OSError:
                        pass
                return opened
            """
        names = ["/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/tty", "/dev/console", "/dev/ptmx", "/dev/fuse",
                 "/dev/kvm", "/dev/net/tun", "/dev/loop0", "/dev/port", "/proc/kcore", "/proc/kmsg",
                 "/proc/1/environ"]  # fmt: skip
        assert service.result(script, args=[names]) == []


class TestClock:
    def test_it_is_the_time(self, service):
        script = "import time, datetime\ndef main():\n    return [time.time(), datetime.datetime.utcnow().timestamp()]"
        before = time.time()
        now, _ = service.result(script)
        assert before - 0.1 <= now <= time.time() + 0.1

    def test_it_goes_on(self, service):
        script = """
            import time
            def main():
                clocks = time.monotonic, time.perf_counter, time.time
                first = [clock() for clock in clocks]
                time.sleep(0.05)
                return [0.05 <= clock() - start < 1 for clock, start in zip(clocks, first)]
            """
        assert service.result(script) == [True] * 3


class TestNothingOfTheHost:
    def test_environment(self, service):
        script = """
            import os, subprocess
            def main():
                child = subprocess.run(["env"], capture_output=True, text=True).stdout
                try:
                    kernel = open("/proc/self/environ").read()
                except OSError:
                    kernel = ""
                return [dict(os.environ), child, kernel]
            """
        names, child, kernel = service.result(script)
        for text in (str(names), child, kernel):
            assert HOST_SECRET not in text and "PYEXEC_" not in text and "SECRET_OF_THE_HOST" not in text
        assert {"HOME", "TMPDIR", "PATH"} <= names.keys()

    def test_files_of_the_host(self, service):
        script = """
            import os
            def main(paths):
                found = []
                for path in paths:
                    try:
                        found.append(os.listdir(path) if os.path.isdir(path) else open(path).read())
                    except OSError:
                        pass
                return found
            """
        paths = [ROOT, "/root/.bashrc", "/etc/shadow", "/var/log/dpkg.log", "/run/docker.sock", os.path.abspath(__file__)]
        assert service.result(script, args=[paths]) == []

    def test_other_processes(self, service):
        script = """
            import os
            def main():
                try:
                    others = [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]
                except OSError:
                    return []
                return [open(f"/proc/{p}/comm").read() for p in others]
            """
        assert all("pyexecd" not in comm and "keeper" not in comm for comm in service.result(script))

    def test_its_own_process(self, service):
        script = """
            import os
            def main():
                return [os.getpid() != 1, os.getuid() != 0, os.geteuid() == os.getuid(), os.getgroups(), os.nice(0) >= 0]
            """
        pid, uid, same, groups, _ = service.result(script)
        assert pid and same and 0 not in groups

    def test_few_descriptors(self, service):
        script = """
            import os
            def main():
                found = []
                for fd in range(1024):
                    try:
                        os.fstat(fd)
                        found.append(fd)
                    except OSError:
                        pass
                return found
            """
        found = service.result(script)
        assert found[:3] == [0, 1, 2] and len(found) <= 6, found

    def test_no_descriptor_for_children(self, service):
        script = """
            import subprocess
            def main():
                code = "import os\\nfor fd in range(3, 99):\\n  try: os.fstat(fd); print(fd)\\n  except OSError: pass"
                return subprocess.run(["python3", "-c", code], capture_output=True, text=True, close_fds=False).stdout
            """
        assert service.result(script) == ""


class TestMainIsCalledOnce:
    def test_and_the_name_is_script(self, service):
        script = """
            calls = []
            def main():
                calls.append(__name__)
                open("calls", "a").write("x")
                return [calls, open("calls").read()]
            if __name__ == "__main__":
                main()
            """
        assert service.result(script) == [["script"], "x"]

    def test_even_when_it_fails(self, service):
        answer = service.failure("runtime_error", "def main():\n    print('called')\n    raise ValueError")
        assert answer["stdout"].count("called") == 1

    def test_a_main_that_the_module_level_calls_runs_twice(self, service):
        """The script's own call is its own business: ours still comes, once."""
        script = "n = 0\ndef main():\n    global n\n    n += 1\n    return n\nmain()"
        assert service.result(script) == 2

    def test_a_fresh_module_every_time(self, service):
        script = """
            import math
            def main():
                seen = hasattr(math, "left"), "x" in globals()
                math.left = globals()["x"] = True
                return seen
            """
        for _ in range(5):
            assert service.result(script) == [False, False]
