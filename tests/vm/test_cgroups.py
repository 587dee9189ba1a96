"""Control groups of version 2 as systemd hands them out: delegated, taken as root, beside others, and not to be had."""

import os
import signal
import time
from pathlib import Path

import pytest
from integration.support.daemon import USER, Daemon
from integration.support.leaks import wait_at_rest
from integration.support.raw import wait_until

TOP = Path("/sys/fs/cgroup")
MIB = 1 << 20
SCOPE = ("systemd-run", "--scope", "--quiet")
# Its own shell stays in the unit, beside the service.
BESIDE = ("sh", "-c", 'sleep 100000 & exec "$@"', "beside")
# With /sys/fs/cgroup changed for the service alone.
CHANGED = ("unshare", "--mount", "sh", "-c")

WITH_GROUPS = {
    "delegated": (*SCOPE, "-p", "Delegate=yes"),
    "delegated, beside a shell": (*SCOPE, "-p", "Delegate=yes", *BESIDE),
    "a unit of its own": (*SCOPE,),
    "beside others that are held to nothing": (),  # in the unit of the tests
    "delegated to a user": ("user",),
}
WITHOUT = {
    "beside others that are held to something": ((*SCOPE, "-p", "MemoryMax=3G", *BESIDE), "resource busy"),
    "read-only": ((*CHANGED, 'mount -o remount,bind,ro /sys/fs/cgroup && exec "$@"', "x"), "Read-only"),
    "absent": ((*CHANGED, 'umount /sys/fs/cgroup && exec "$@"', "x"), "none is mounted"),
    "an ordinary user's": (("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"), "Permission denied"),
}
NAMES = {"memory cgroup", "pids cgroup", "cpuacct cgroup"}


def as_user(directory):
    """The user's own systemd, which hands on what the system's has delegated to it."""
    os.system(f"loginctl enable-linger {USER}")
    assert wait_until(lambda: os.path.exists(f"/run/user/{USER}/systemd/private"), 120, 0.5) is not None, "no user manager"
    user = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "env", f"XDG_RUNTIME_DIR=/run/user/{USER}")
    return (*user, "systemd-run", "--user", "--scope", "--quiet", "-p", "Delegate=yes")


def start(directory, prefix, **settings):
    own = Daemon(directory, run_with=as_user(directory) if prefix == ("user",) else prefix, **settings)
    own.start()
    wait_at_rest(own, 120)
    return own


def layers(own):
    isolation = own.health()[1]["isolation"]["layers"]
    return ({layer["name"]: layer["detail"] for layer in isolation[state]} for state in ("in_force", "missing"))


def group_of(pid):
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
        return file.read().strip().removeprefix("0::")


def ours_left():
    return [str(path) for path in TOP.rglob("pyexecd-[0-9]*") if path.is_dir()]


@pytest.fixture(scope="class", params=WITH_GROUPS)
def way(request):
    return request.param


class TestGroups:
    @pytest.fixture(scope="class")
    def own(self, way, tmp_path_factory):
        daemon = start(tmp_path_factory.mktemp("log"), WITH_GROUPS[way], pool_lean=2, pool_data=1)
        yield daemon
        daemon.stop()
        assert wait_until(lambda: not ours_left(), 5) is not None, ours_left()

    def test_in_force(self, own):
        in_force, missing = layers(own)
        assert NAMES <= in_force.keys(), missing
        assert {in_force[name] for name in NAMES} == {"one group for each sandbox, version 2"}

    def test_every_sandbox_has_its_own(self, own, way):
        groups = [group_of(process.pid) for process in own.named("pyexec-run")]
        assert len(groups) >= 3 and len(set(groups)) == len(groups), groups
        assert all(group.split("/")[-1].startswith("slot-") and group.split("/")[-2].startswith("pyexecd-") for group in groups)
        ours = {group_of(own.one(name).pid) for name in ("pyexec-keeper", "pyexec-front", "pyexec-guest")} | {group_of(own.pid)}
        assert len(ours) == 1, "all of ours are together"
        if way.startswith("beside"):
            assert not ours.pop().endswith("/service"), "nobody was moved for nothing"
        else:
            unit = os.path.dirname(os.path.dirname(groups[0]))
            assert ours == {f"{os.path.dirname(groups[0])}/service"} and unit.endswith(".scope"), (ours, groups)

    def test_memory_is_held(self, own):
        answer = own.client.failure("resource_limit", "def main():\n    x = bytearray(b'x' * (400 << 20))", memory_mb=128)
        assert answer["limit"] == {"name": "memory_mb", "value": 128, "unit": "MiB"}
        assert answer["usage"]["memory_peak_bytes"] <= 130 * MIB

    def test_a_child_that_is_killed_for_it_is_the_scripts_affair(self, own):
        script = """
            import os
            def main():
                pid = os.fork()
                if pid == 0:
                    x = bytearray(b'x' * (400 << 20))
                    os._exit(0)
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            """
        assert own.client.result(script, memory_mb=128) == -9

    def test_files_count_as_memory(self, own):
        script = "def main():\n    for i in range(2):\n        open(f'f{i}', 'wb').write(bytes(50 << 20))"
        assert own.client.execute(script, memory_mb=300)[1]["usage"]["memory_peak_bytes"] >= 100 * MIB

    def test_each_peak_is_ones_own(self, own):
        large = "def main():\n    x = bytearray(b'x' * (100 << 20))"
        small = "def main():\n    return 1"
        peaks = [own.client.execute(large if i % 2 else small)[1]["usage"]["memory_peak_bytes"] for i in range(8)]
        assert all(100 * MIB <= peak <= 300 * MIB for peak in peaks[1::2]), peaks
        assert all(MIB // 4 <= peak <= 60 * MIB for peak in peaks[0::2]), peaks

    def test_processes_are_held(self, own):
        script = """
            import os, time
            def main():
                count = 0
                try:
                    while True:
                        if os.fork() == 0:
                            time.sleep(60)
                            os._exit(0)
                        count += 1
                except OSError as error:
                    return [count, type(error).__name__]
            """
        count, name = own.client.result(script, timeout=50)
        assert name == "BlockingIOError" and 100 <= count <= 128

    def test_processor_time_of_all_processes_is_told(self, own):
        script = """
            import os, time
            def main():
                for _ in range(2):
                    if os.fork() == 0:
                        while time.process_time() < 1: pass
                        os._exit(0)
                for _ in range(2):
                    os.wait()
            """
        assert own.client.execute(script, timeout=50)[1]["usage"]["cpu_ms"] >= 1900

    def test_another_keeper_takes_over(self, own, way):
        before = {group_of(process.pid) for process in own.named("pyexec-run")}
        keeper = own.one("pyexec-keeper")
        os.kill(keeper.pid, signal.SIGKILL)
        assert wait_until(lambda: own.health()[0] == 200 and own.one("pyexec-keeper").pid != keeper.pid, 60, 0.2) is not None
        wait_at_rest(own, 120)
        assert own.client.result("def main():\n    return 'well'") == "well"
        in_force, missing = layers(own)
        assert NAMES <= in_force.keys(), missing
        after = {group_of(process.pid) for process in own.named("pyexec-run")}
        assert {os.path.dirname(group) for group in after}.isdisjoint(os.path.dirname(group) for group in before)
        assert {os.path.dirname(os.path.dirname(group)) for group in after} == {os.path.dirname(os.path.dirname(group)) for group in before}
        assert len(ours_left()) == 1, ours_left()


class TestWithoutNamespaces:
    """The same groups, where a kill of the group ends what a script leaves behind."""

    def test_everything_is_ended(self, tmp_path):
        own = start(tmp_path, WITH_GROUPS["delegated"], isolation="landlock", pool_lean=2, pool_data=1)
        try:
            in_force, missing = layers(own)
            assert NAMES <= in_force.keys(), missing
            script = """
                import os, time
                def main():
                    for _ in range(20):
                        if os.fork() == 0:
                            os.setsid()
                            time.sleep(600)
                    return os.getpid()
                """
            own.client.result(script, timeout=50)
            sleeping = "pyexec-run"
            assert wait_until(lambda: len(own.named(sleeping)) <= 4, 20, 0.2) is not None, own.named(sleeping)
        finally:
            own.stop()
        assert wait_until(lambda: not ours_left(), 5) is not None, ours_left()


class TestNoGroups:
    @pytest.fixture(scope="class", params=WITHOUT)
    def none(self, request, tmp_path_factory):
        prefix, reason = WITHOUT[request.param]
        daemon = start(tmp_path_factory.mktemp("log"), prefix, pool_lean=2, pool_data=1)
        yield daemon, reason
        daemon.stop()
        assert not ours_left()

    def test_says_so(self, none):
        own, reason = none
        in_force, missing = layers(own)
        assert not {"memory cgroup", "pids cgroup", "cpu cgroup"} & in_force.keys()
        for name in ("memory cgroup", "pids cgroup", "cpu cgroup"):
            assert reason in missing[name] and "instead" in missing[name], missing

    def test_memory_is_held_all_the_same(self, none):
        own, _ = none
        script = "import time\ndef main():\n    x = bytearray(b'x' * (400 << 20))\n    time.sleep(20)"
        answer = own.client.failure("resource_limit", script, memory_mb=128, timeout=40)
        assert answer["limit"]["name"] == "memory_mb"

    def test_processes_are_held_all_the_same(self, none):
        own, _ = none
        script = """
            import os, time
            def main():
                count = 0
                try:
                    while count < 1000:
                        if os.fork() == 0:
                            time.sleep(60)
                            os._exit(0)
                        count += 1
                except OSError:
                    pass
                return count
            """
        assert 100 <= own.client.result(script, timeout=50) <= 128


def test_a_killed_service_leaves_groups_that_the_next_one_removes(tmp_path):
    first = start(tmp_path, ())
    left = ours_left()
    assert left
    os.kill(first.pid, signal.SIGKILL)
    first.kill()
    time.sleep(1)
    assert ours_left() == left
    second = start(tmp_path, ())
    try:
        assert set(ours_left()).isdisjoint(left)
    finally:
        second.stop()
    assert not ours_left()
