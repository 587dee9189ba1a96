"""Changing the tree of files, or leaving it."""

from ..probe import *
from ..technique import missing, technique


@technique(stop="EPERM")
def mount_a_filesystem():
    """mount() of a fresh tmpfs."""
    os.makedirs("/tmp/point", exist_ok=True)
    call("mount", ctypes.c_char_p(b"none"), ctypes.c_char_p(b"/tmp/point"), ctypes.c_char_p(b"tmpfs"), 0, 0)
    return through("mounted a tmpfs")


@technique(stop="EPERM")
def mount_proc():
    """mount() of a /proc of one's own: environments, maps and descriptors of every process in the namespace."""
    os.makedirs("/tmp/proc", exist_ok=True)
    call("mount", ctypes.c_char_p(b"proc"), ctypes.c_char_p(b"/tmp/proc"), ctypes.c_char_p(b"proc"), 0, 0)
    return through(f"{len(os.listdir('/tmp/proc'))} entries of /proc")


@technique(stop="EPERM")
def remount_writable():
    """mount(MS_REMOUNT | MS_BIND) without MS_RDONLY: the system becomes writable again."""

    def attack(path):
        call("mount", 0, ctypes.c_char_p(path), 0, 32 | 4096, 0)
        return through(f"remounted {path} writable")

    return each(attack, b"/", b"/usr", b"/dev/null")


@technique(stop="EPERM")
def bind_mount():
    """mount(MS_BIND) of one directory over another: /usr/lib replaced for whoever shares the mounts."""
    os.makedirs("/tmp/over", exist_ok=True)
    call("mount", ctypes.c_char_p(b"/usr"), ctypes.c_char_p(b"/tmp/over"), 0, 4096, 0)
    return through("bound /usr elsewhere")


@technique(stop="EPERM")
def unmount():
    """umount2(MNT_DETACH) uncovers what lies beneath a mount."""

    def attack(path):
        call("umount2", ctypes.c_char_p(path), 2)
        return through(f"unmounted {path}")

    return each(attack, b"/tmp", b"/usr", b"/")


@technique(stop="EPERM")
def pivot_root():
    """pivot_root() back to where the old root is, with bad pointers."""
    return reach("pivot_root", BAD, BAD)


@technique(stop="EPERM", stop_without_namespaces="EACCES")
def chroot_and_climb():
    """The classic: chroot() into a subdirectory while a descriptor of the old root is held, then climb out by ".."."""

    def attack():
        os.makedirs("/tmp/cell", exist_ok=True)
        root = os.open("/", os.O_RDONLY)
        os.chroot("/tmp/cell")
        os.fchdir(root)
        for _ in range(64):
            os.chdir("..")
        os.chroot(".")
        return through(f"chroot() works, at {os.listdir('.')[:5]}")

    return in_child(attack)


@technique(stop=("EPERM", "ENOSYS"))
def new_mount_calls():
    """fsopen(), fsconfig(), fsmount(): the mount interface of Linux 5.2, which older filters do not know."""
    context = call("fsopen", ctypes.c_char_p(b"tmpfs"), 0)
    call("fsconfig", context, 6, 0, 0, 0)
    return through(f"a mount with descriptor {call('fsmount', context, 0, 0)}")


@technique(stop=("EPERM", "ENOSYS"))
def pick_a_mounted_filesystem():
    """fspick() takes hold of a mounted filesystem to change its options."""
    return through(f"descriptor {call('fspick', HERE, ctypes.c_char_p(b'/'), 0)}")


@technique(stop=("EPERM", "ENOSYS"))
def clone_a_tree():
    """open_tree(OPEN_TREE_CLONE): a private copy of a mount, read-only flag and all to be changed."""
    return through(f"descriptor {call('open_tree', HERE, ctypes.c_char_p(b'/usr'), 1)}")


@technique(stop=("EPERM", "ENOSYS"))
def move_a_mount():
    """move_mount() with bad pointers."""
    return reach("move_mount", HERE, BAD, HERE, BAD, 0)


@technique(stop=("EPERM", "ENOSYS"))
def change_mount_attributes():
    """mount_setattr() clears the read-only flag of a whole tree at once."""
    attributes = struct.pack("4Q", 0, 1, 0, 0)
    call("mount_setattr", HERE, ctypes.c_char_p(b"/"), 0x8000, ctypes.c_char_p(attributes), len(attributes))
    return through("the tree is writable")


@technique(stop=("EPERM", "ENOSYS"))
def swap():
    """swapon() and swapoff() with bad pointers: the memory of every process on a disk of the attacker's."""
    return any_of(lambda: reach("swapon", BAD, 0), lambda: reach("swapoff", BAD))


@technique(stop=("ENOSYS", "EPERM"), impossible=missing("listmount"))
def list_the_mounts():
    """listmount() and statmount() show the whole mount table without /proc: paths and devices of the host."""
    request = struct.pack("IIQQ", 24, 0, 0xFFFFFFFFFFFFFFFF, 0)
    found = (ctypes.c_uint64 * 64)()
    count = call("listmount", ctypes.c_char_p(request), found, 64, 0)
    return through(f"{count} mounts")


@technique(stop="nothing of the host", stop_without_namespaces="EACCES")
def climb_by_dots():
    """As many ".." as it takes, from every directory that can be entered, in search of what is not the jail's."""
    # "site-packages" is a prepared tree's, for packages of the operator's, or mounted for them.
    known = {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "site-packages", "tmp", "usr", "var"}

    def attack(start):
        os.chdir(start)
        os.chdir("../" * 64)
        strange = set(os.listdir(".")) - known
        if strange == {"run"}:
            strange = set(os.listdir("run"))  # a prepared tree's own, for private directories, is closed
        return through(f"{sorted(strange)} above {start}") if strange else stopped("nothing of the host")

    return first_through(in_child(attack, start) for start in ("/tmp", "/", "/usr/lib", "/dev", "/var/tmp", "/etc"))


@technique(stop="nosuid everywhere", stop_without_namespaces="no_new_privs")
def mount_without_nosuid():
    """A mount that honours setuid bits: one file with the bit and the kernel gives rights away."""
    for path in ("/", "/usr", "/usr/bin", "/etc", "/dev/null", "/tmp", "/var/tmp", "/dev/shm", "/lib"):
        if os.path.exists(path) and not os.statvfs(path).f_flag & os.ST_NOSUID:
            if LIBC.prctl(39, 0, 0, 0, 0) != 1:  # PR_GET_NO_NEW_PRIVS
                return through(f"{path} is mounted without nosuid")
            return stopped("no_new_privs makes the bit nothing, identity.setuid_programs tries it")
    return stopped("nosuid everywhere")
