"""Uids, groups and capabilities."""

from ..probe import *
from ..technique import technique


@technique(stop="an ordinary user")
def who_am_i():
    """A sandbox that runs as uid 0, in whatever namespace, owns the system's files there."""
    if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()):
        return through("runs as root")
    return stopped("an ordinary user")


@technique(stop="no group of the host")
def groups_of_the_host():
    """Supplementary groups that were forgotten: docker, disk, shadow."""
    known = {os.getgid(), 65534}
    kept = set(os.getgroups()) - known
    return stopped("no group of the host") if not kept and os.getgid() else through(f"groups {kept or os.getgid()}")


@technique(stop="EPERM")
def become_root():
    """setuid(0) and its kin."""

    def attack(name):
        call(name, 0, 0, 0)
        return through(f"{name}(0)")

    return first_through(in_child(attack, name) for name in ("setuid", "setreuid", "setresuid", "setgid", "setresgid"))


@technique(stop="EPERM")
def become_another_slot():
    """setresuid() to the uid of another sandbox: its files and processes."""

    def attack(step):
        other = os.getuid() + step
        call("setresuid", other, other, other)
        return through(f"became uid {other}")

    return first_through(in_child(attack, step) for step in (1, 2, -1, 100))


@technique(stop="EPERM")
def filesystem_uid():
    """setfsuid() and setfsgid(): only for files, and they report no errors."""

    def attack():
        call("setfsuid", 12345)
        now = attempt("setfsuid", -1)[0]
        return through(f"files are opened as {now}") if now == 12345 else stopped("EPERM")

    return in_child(attack)


@technique(stop="EPERM")
def set_groups():
    """setgroups(): groups gained, or a negative one dropped (CVE-2014-8989)."""
    return in_child(lambda: through(call("setgroups", 0, 0)))


@technique(stop="EPERM")
def set_capabilities():
    """capset()."""
    head = struct.pack("Ii", 0x20080522, 0)
    return in_child(lambda: through(call("capset", ctypes.c_char_p(head), ctypes.c_char_p(bytes(24)))))


@technique(stop="EPERM")
def capabilities_in_force():
    """Effects of capabilities without naming them: a raw clock, a foreign file, a low priority."""

    def attack(action):
        action()
        return through("a capability is in force")

    def chown():
        open("/tmp/own", "w").close()
        os.chown("/tmp/own", 1, 1)

    return first_through(in_child(attack, action) for action in (chown, lambda: os.chroot("/tmp"), lambda: call("syslog", 2, BAD, 1)))



@technique(stop=("no setuid program", "the bit is ignored"), options={"uid": 1000})
def setuid_programs():
    """su, mount, passwd and every other setuid program of the system: is the bit honoured? The loader shows its
    vector of facts to everybody but a privileged program."""
    import subprocess

    found = []
    for directory in ("/usr/bin", "/usr/sbin", "/usr/lib/openssh", "/usr/lib/dbus-1.0"):
        if os.path.isdir(directory):
            found += [entry.path for entry in os.scandir(directory) if entry.is_file() and entry.stat().st_mode & 0o4001 == 0o4001]
    if not found:
        return stopped("no setuid program")
    for path in found:
        shown = subprocess.run([path, "--help"], env={"LD_SHOW_AUXV": "1"}, stdin=subprocess.DEVNULL, capture_output=True).stdout
        if b"AT_SECURE" not in shown or b"AT_SECURE:            1" in shown or b"AT_SECURE:       1" in shown:
            return through(f"{path} runs privileged")
    return stopped(f"the bit is ignored, {len(found)} tried")


@technique(
    stop=("the bit is ignored", "EPERM"),
    control={"owner": 1000},
    options={"alone": True},
    stop_without_namespaces=("no_new_privs", "EACCES"),  # /tmp of a container may be mounted noexec
)
def setuid_bit_of_ones_own(owner=None):
    """A setuid program left in /tmp for whoever comes next: nosuid mounts make it nothing, or else no_new_privs."""
    import shutil
    import subprocess

    shutil.copyfile("/usr/bin/env", "/tmp/program")
    if owner is not None:
        os.chown("/tmp/program", owner, owner)
    os.chmod("/tmp/program", 0o6755)
    shown = subprocess.run(["/tmp/program"], env={"LD_SHOW_AUXV": "1"}, capture_output=True).stdout
    if b"AT_SECURE" not in shown:
        return through("the bit in /tmp is honoured")
    if os.statvfs("/tmp").f_flag & os.ST_NOSUID:
        return stopped("the bit is ignored")
    if LIBC.prctl(39, 0, 0, 0, 0) == 1:  # PR_GET_NO_NEW_PRIVS
        return stopped("no_new_privs, and the program ran without privilege")
    return through("/tmp is mounted without nosuid")


@technique(stop=("no program with capabilities", "the capabilities are ignored"), options={"uid": 1000}, control={"plant": True})
def programs_with_file_capabilities(plant=False):
    """ping and its kin with cap_net_raw."""
    import subprocess

    places = [entry.path for entry in os.scandir("/usr/bin") if entry.is_file()]
    marked = []
    for path in places:
        try:
            if "security.capability" in os.listxattr(path):
                marked.append(path)
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.EPERM):
                marked = [path for path in places if os.path.basename(path) in ("ping", "mtr-packet", "arping", "newuidmap")]
                break
    if plant and not marked:
        marked = [path for path in places if os.stat(path).st_mode & 0o4001 == 0o4001][:1]
    for path in marked:
        shown = subprocess.run([path, "--help"], env={"LD_SHOW_AUXV": "1"}, capture_output=True).stdout
        if b"AT_SECURE" not in shown:
            return through(f"{path} runs privileged")
    return stopped("the capabilities are ignored" if marked else "no program with capabilities")
