"""/proc, /sys and devices."""

from ..probe import *
from ..technique import technique


@technique(stop=("ENOENT", "EACCES"))
def environment_of_others():
    """/proc/PID/environ: other processes' secrets (issue of every sandbox that shares a uid)."""
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            open(f"/proc/{name}/environ", "rb").read()
            return through(f"the environment of {name}")
    return stopped("no other process in /proc")


@technique(stop=("ENOENT", "EACCES"))
def memory_of_others():
    """/proc/PID/mem opened for writing: code injection without ptrace()."""
    return each(lambda pid: can_open(f"/proc/{pid}/mem", os.O_RDWR), "1", "2", "self")


@technique(stop=("ENOENT", "EACCES"), visible_without_namespaces="own program by name")
def executable_of_the_host():
    """/proc/PID/exe: a handle on the runtime's own program, to be overwritten (runc CVE-2019-5736)."""

    def attack(pid):
        fd = os.open(f"/proc/{pid}/exe", os.O_RDONLY)
        overwrite = each(lambda path: can_open(path, os.O_WRONLY), f"/proc/{pid}/exe", f"/proc/self/fd/{fd}")
        if pid != "self" or overwrite["got_through"]:
            return through(f"/proc/{pid}/exe")
        return visible(f"/proc/self/exe opens, for reading only: {overwrite['stopped_by']}")

    return each(attack, "self", "1", "2")


@technique(stop=("ENOENT", "EACCES"))
def root_of_others():
    """/proc/PID/root and /proc/PID/cwd: links that lead out of the mount namespace."""

    def attack(place):
        return through(f"{place}: {os.listdir(place)[:3]}")

    return each(attack, "/proc/1/root", "/proc/1/cwd", "/proc/2/root", "/proc/self/root")


@technique(stop=("ENOENT", "EACCES"))
def descriptors_of_others():
    """/proc/PID/fd reopens another process' files, pipes too, from the other end."""

    def attack(place):
        for name in os.listdir(place):
            can_open(f"{place}/{name}")
            return through(f"{place}/{name}")
        return stopped("empty")

    return each(attack, "/proc/1/fd", "/proc/2/fd", "/proc/self/fd")


@technique(stop=("ENOENT", "EACCES", "EROFS"))
def core_pattern():
    """/proc/sys/kernel/core_pattern: a program of the attacker's that the kernel runs as root on the host."""
    return can_open("/proc/sys/kernel/core_pattern", os.O_WRONLY)


@technique(stop=("ENOENT", "EACCES", "EROFS"))
def kernel_switches():
    """Writable switches under /proc/sys and /proc/sysrq-trigger; opened, never written."""
    paths = ("/proc/sysrq-trigger", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/modprobe")
    return each(lambda path: can_open(path, os.O_WRONLY), *paths)


@technique(stop=("ENOENT", "EACCES", "EROFS"))
def sysfs_switches():
    """Writable switches under /sys: helpers that run as root, KSM, power states."""
    paths = ("/sys/kernel/uevent_helper", "/sys/kernel/mm/ksm/run", "/sys/power/state", "/sys/kernel/profiling")
    return each(lambda path: can_open(path, os.O_WRONLY), *paths)


@technique(stop=("ENOENT", "EACCES", "EROFS"))
def cgroup_release_agent():
    """release_agent of a version 1 control group: a program that the kernel runs as root (CVE-2022-0492)."""

    def attack(controller):
        return can_open(f"/sys/fs/cgroup/{controller}/release_agent", os.O_WRONLY)

    return each(attack, "memory", "cpu", "pids", "rdma", "devices", "freezer", "systemd")


def without_cgroup_mount():
    found = any("cgroup" in line.split()[2] for line in open("/proc/mounts", encoding="utf-8"))
    return "" if found else "no control groups are mounted on this host"


@technique(stop=("ENOENT", "EACCES", "EROFS"), impossible=without_cgroup_mount)
def cgroup_of_the_parent():
    """cgroup.procs of a group above: moving out of one's own limits."""
    tops = ("", "/memory", "/pids", "/cpu", "/unified", "/systemd")
    return each(lambda top: can_open(f"/sys/fs/cgroup{top}/cgroup.procs", os.O_WRONLY), *tops)


@technique(stop=("ENOENT", "EACCES"))
def kernel_memory_images():
    """/proc/kcore, /proc/kallsyms, /dev/mem, /dev/port: the kernel's own memory and addresses."""
    return each(can_open, "/proc/kallsyms", "/proc/kcore", "/dev/mem", "/dev/port")


@technique(stop=("ENOENT", "EACCES"))
def page_tables_of_oneself():
    """/proc/self/pagemap and maps: physical addresses, for rowhammer and for defeating address randomisation."""
    return each(can_open, "/proc/self/pagemap", "/proc/self/maps", "/proc/self/smaps")


@technique(stop=("ENOENT", "EACCES"))
def activity_of_the_host():
    """/proc/stat, /proc/loadavg, /proc/meminfo, /proc/net: what everybody else is doing."""
    return each(can_open, "/proc/stat", "/proc/loadavg", "/proc/meminfo", "/proc/net/tcp", "/proc/interrupts")


@technique(stop=("ENOENT", "EACCES"))
def command_line_of_the_host():
    """/proc/cmdline, /proc/mounts, /proc/version, /sys/class/net: facts about the host."""
    return each(can_open, "/proc/cmdline", "/proc/mounts", "/proc/version", "/sys/class/net/lo/address")


@technique(stop=("ENOENT", "EACCES"))
def out_of_memory_score():
    """/proc/self/oom_score_adj lowered, so that the kernel kills somebody else first."""
    return can_open("/proc/self/oom_score_adj", os.O_WRONLY)


@technique(stop="only the five devices", stop_without_namespaces="EACCES")
def unexpected_devices():
    """Anything in /dev besides null, zero, full, random and urandom."""
    known = {"null", "zero", "full", "random", "urandom", "shm"}
    strange = set(os.listdir("/dev")) - known
    if strange or not os.path.samefile("/dev/shm", "/tmp"):
        return through(f"/dev holds {sorted(strange)[:5] or 'a shared memory directory'}")
    return stopped("only the five devices")


@technique(stop=("ENOENT", "EACCES"))
def block_devices():
    """The host's disks as raw devices: every file of every mount."""
    names = ("sda", "vda", "nvme0n1", "xvda", "loop0", "dm-0", "mapper/control", "ram0")
    return each(lambda name: can_open(f"/dev/{name}"), *names)


@technique(stop=("ENOENT", "EACCES"))
def dangerous_character_devices():
    """/dev/fuse, /dev/kvm, /dev/net/tun, /dev/kmsg, /dev/vsock, /dev/userfaultfd, model-specific registers."""
    names = ("fuse", "kvm", "net/tun", "kmsg", "vsock", "vhost-net", "userfaultfd", "cpu/0/msr", "uinput", "loop-control")
    return each(lambda name: can_open(f"/dev/{name}", os.O_RDWR), *names)


@technique(stop=("ENOENT", "EACCES"))
def terminals():
    """/dev/ptmx, /dev/tty, /dev/console: a terminal to push input into."""
    return each(can_open, "/dev/ptmx", "/dev/tty", "/dev/console", "/dev/pts/ptmx", "/dev/tty0")


@technique(stop="EPERM")
def push_terminal_input():
    """ioctl(TIOCSTI) types into the terminal of whoever started us (CVE-2016-2568 and a dozen others). On every
    descriptor there is, and on a new terminal where one can be had."""

    def attack():
        os.setsid()
        fds = [0, 1, 2]
        try:
            parent, child = os.openpty()
            fcntl.ioctl(child, 0x540E, 0)  # TIOCSCTTY
            fds.insert(0, child)
        except OSError:
            pass

        def push(fd):
            fcntl.ioctl(fd, 0x5412, b"x")
            return through(f"typed into descriptor {fd}")

        return each(push, *fds)

    return in_child(attack)


@technique(stop=("EPERM", "EACCES"))
def make_device_nodes():
    """mknod() and mknodat() of a disk and of /dev/mem in one's own directory."""

    def attack(name, *where):
        call(name, *where, ctypes.c_char_p(f"/tmp/{name}".encode()), stat.S_IFCHR | 0o600, os.makedev(1, 1))
        return through(f"{name}() made a device")

    return any_of(lambda: attack("mknodat", HERE), lambda: attack("mknod"))


@technique(stop=("EPERM", "EACCES", "EINVAL"))
def device_by_whiteout():
    """renameat2(RENAME_WHITEOUT) leaves a character device behind, without mknod()."""
    open("/tmp/before", "w").close()
    call("renameat2", HERE, ctypes.c_char_p(b"/tmp/before"), HERE, ctypes.c_char_p(b"/tmp/after"), 4)
    if stat.S_ISCHR(os.lstat("/tmp/before").st_mode):
        return through("a device node in the private directory")
    return stopped("no node")


@technique(stop=("EPERM", "EACCES"))
def entropy_ioctls():
    """ioctl() on /dev/urandom: entropy credited or the pool cleared, for everybody."""
    with open("/dev/urandom", "rb") as device:
        entropy = fcntl.ioctl(device, 0x80045200, bytes(4))  # RNDGETENTCNT
    return through(f"the pool's count {entropy!r}")


@technique(stop=("EPERM", "EACCES", "EROFS"))
def change_the_devices():
    """chmod(), chown(), utime(), unlink() of the shared device nodes: row 30 of the traps, since Landlock has no word
    for them."""

    def attack(name, action):
        action("/dev/null")
        return through(f"{name} of /dev/null")

    stamp = os.stat("/dev/null")
    return any_of(
        lambda: attack("utime", lambda path: os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))),
        lambda: attack("chmod", lambda path: os.chmod(path, stat.S_IMODE(stamp.st_mode))),
        lambda: attack("link", lambda path: os.link(path, "/dev/null2")),
    )
