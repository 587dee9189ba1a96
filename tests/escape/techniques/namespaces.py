"""New namespaces, and the ways into those of others."""

from ..probe import *
from ..technique import technique


@technique(stop=("EPERM", "ENOSYS"))
def unshare_user():
    """unshare(CLONE_NEWUSER): all capabilities in a new user namespace, the door to most kernel holes of the last
    years (CVE-2022-0185, CVE-2023-0386)."""

    def attack():
        call("unshare", 0x10000000)
        return through("a user namespace of one's own")

    return in_child(attack)


@technique(stop=("EPERM", "ENOSYS"))
def unshare_the_others():
    """unshare() of mount, pid, net, ipc, uts, cgroup and time namespaces without a user namespace."""

    def attack(flag):
        call("unshare", flag)
        return through(f"unshare({flag:#x})")

    flags = (0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000, 0x00000080)
    return first_through(in_child(attack, flag) for flag in flags)


@technique(stop=("EPERM", "ENOSYS"))
def unshare_filesystem_and_files():
    """unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM): harmless by itself, but a filter that looks for known flags
    only would let it and then a new one pass."""

    def attack():
        call("unshare", 0x200 | 0x400 | 0x40000)
        return through("unshare() takes flags")

    return in_child(attack)


@technique(stop=("EPERM", "ENOSYS"))
def clone_user():
    """clone(CLONE_NEWUSER), the same namespace by another call."""
    os.waitpid(cloned(0x10000000), 0)
    return through("a child in a user namespace of its own")


@technique(stop=("EPERM", "ENOSYS"))
def clone_user_under_high_bits():
    """clone() with rubbish in the upper 32 bits of the flags, which the kernel cuts off and a filter that compares
    64 bits does not."""

    def attack(high):
        os.waitpid(cloned(high << 32 | 0x10000000), 0)
        return through(f"clone({high:#x} << 32 | CLONE_NEWUSER)")

    return each(attack, 1, 0x7FFFFFFF)


def not_x86():
    return "" if os.uname().machine == "x86_64" else "written in another processor's machine code"


@technique(stop=("EPERM", "ENOSYS", "no such thing"), impossible=not_x86)
def unshare_in_a_vfork_child():
    """unshare(CLONE_NEWUSER) by a vfork() child, which borrows its parent's memory and has to have its filter too."""
    if MACHINE != "x86_64":
        return stopped("no such thing on this processor")
    # vfork(); the parent returns; the child: exit(-unshare(CLONE_NEWUSER))
    code = b"\xb8\x3a\0\0\0\x0f\x05\x85\xc0\x75\x17\xb8\x10\x01\0\0\xbf\0\0\0\x10\x0f\x05"
    code += b"\x89\xc7\xf7\xdf\xb8\x3c\0\0\0\x0f\x05\xc3"
    pid = machine_code(code + b"\xc3")(0, 0, 0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return through("a user namespace in a vfork child") if status == 0 else stopped(f"{name_of(status)} from unshare()")


@technique(stop=("ENOSYS", "EPERM"))
def clone3_user():
    """clone3(CLONE_NEWUSER): its flags lie in memory, where a filter cannot look (flatpak CVE-2021-41133)."""
    arguments = struct.pack("8Q", 0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = call("clone3", ctypes.c_char_p(arguments), len(arguments))
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return through("clone3() made a user namespace")


@technique(stop=("ENOSYS", "EPERM"))
def clone3_into_cgroup():
    """clone3(CLONE_INTO_CGROUP): a child that is born outside the sandbox's control group, and so outside its limits."""
    arguments = struct.pack("11Q", 0x200000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, 999)
    return reach("clone3", ctypes.c_char_p(arguments), len(arguments))


@technique(stop=("EPERM", "ENOSYS"))
def clone_as_sibling():
    """clone(CLONE_PARENT): a child of the keeper's that the keeper knows nothing of; it survives kills by parentage."""
    cloned(0x00008000)
    return through("a process that is a child of the caller's parent")


@technique(stop=("EPERM", "ENOSYS"))
def clone_traced():
    """clone(CLONE_PTRACE) and clone(CLONE_UNTRACED): a tracer's reach extended, or escaped from."""

    def attack(flag):
        os.waitpid(cloned(flag), 0)
        return through(f"clone({flag:#x})")

    return each(attack, 0x00002000, 0x00800000)


@technique(stop=("ENOENT", "EACCES", "EPERM"))
def setns_by_proc():
    """setns() on /proc/1/ns/*: joining the namespaces of the host's first process."""

    def attack(kind):
        fd = os.open(f"/proc/1/ns/{kind}", os.O_RDONLY)
        call("setns", fd, 0)
        return through(f"in the {kind} namespace of process 1")

    return first_through(in_child(attack, kind) for kind in ("uts", "ipc", "net", "pid", "mnt", "user", "cgroup"))


@technique(stop="EPERM")
def setns_by_pidfd():
    """setns() on the pidfd of a child, which needs no /proc at all."""
    number = ctypes.c_int(-1)
    pid = call("clone", 0x1000 | signal.SIGCHLD, 0, ctypes.byref(number))
    if pid == 0:
        time.sleep(5)
        os._exit(0)
    try:
        call("setns", number.value, 0x04000000)
        return through("setns(pidfd) worked")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def without_pidfd_namespaces():
    """PIDFD_GET_*_NAMESPACE came with Linux 6.11."""
    major, minor = (int(part) for part in os.uname().release.split(".")[:2])
    return "" if (major, minor) >= (6, 11) else "the kernel is older than 6.11 and has no such ioctl"


@technique(stop=("EPERM", "EACCES"), impossible=without_pidfd_namespaces)
def namespace_of_a_pidfd():
    """ioctl(PIDFD_GET_UTS_NAMESPACE) and its kin turn a pidfd into namespace descriptors (Linux 6.11)."""
    number = ctypes.c_int(-1)
    pid = call("clone", 0x1000 | signal.SIGCHLD, 0, ctypes.byref(number))
    if pid == 0:
        time.sleep(5)
        os._exit(0)

    def attack(kind):
        return through(f"namespace descriptor {fcntl.ioctl(number.value, 0xFF00 | kind, 0)}")

    try:
        return each(attack, *range(1, 11))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@technique(stop=("EPERM", "ENOSYS"))
def hostname_change():
    """sethostname() and setdomainname(): one script renames the machine under all others."""

    def attack(name):
        call(name, ctypes.c_char_p(b"attacked"), 8)
        return through(f"{name}()")

    return each(attack, "sethostname", "setdomainname")


@technique(stop="the name says nothing", visible_without_namespaces="host name")
def hostname_of_the_host():
    """uname() gives the host's name away: each sandbox has a UTS namespace with a name of no meaning."""
    if os.uname().nodename == "sandbox" and socket.gethostname() == "sandbox":
        return stopped("the name says nothing")
    return visible(f"the host is called {os.uname().nodename}")
