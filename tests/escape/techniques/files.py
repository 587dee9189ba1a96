"""Files: the system's, the host's and other runs'."""

from ..probe import *
from ..technique import missing, technique


@technique(stop="EROFS", options={"alone": True}, stop_without_namespaces="EACCES")
def create_in_the_system():
    """A new file in every directory of the system: a module that the next run imports, a program it starts."""

    def attack(directory):
        with open(f"{directory}/planted", "x"):
            return through(f"made {directory}/planted")

    places = ["/", "/usr/bin", "/usr/lib/python3/dist-packages", "/etc", "/dev", "/var", "/var/cache", "/lib"]
    places += ["/var/cache/pyexecd/matplotlib", "/var/cache/pyexecd", "/usr/local/lib", "/bin", "/etc/fonts"]
    return each(attack, *[place for place in places if os.path.isdir(place)])


@technique(stop=("EROFS", "EACCES", "ETXTBSY"), options={"alone": True})
def open_system_files_for_writing():
    """Existing files of the system, opened for writing: read-only mounts, not only permissions, hold them."""
    paths = ("/usr/bin/env", "/etc/passwd", "/etc/ld.so.cache", "/usr/lib/python3.11/os.py", "/etc/nsswitch.conf", os.__file__)
    return each(lambda path: can_open(path, os.O_WRONLY | os.O_APPEND), *filter(os.path.exists, paths))


@technique(stop=("EROFS", "EACCES"), options={"alone": True})
def truncate_by_path():
    """truncate(), which Landlock learned of in ABI 3 only (row 32)."""

    def attack(path):
        os.truncate(path, os.stat(path).st_size)
        return through(f"truncated {path}")

    return each(attack, "/etc/passwd", os.__file__, "/usr/bin/env")


@technique(stop=("EROFS", "EPERM"), options={"alone": True})
def chmod_by_path():
    """chmod() and fchmodat() of system files, which Landlock does not know (row 30)."""

    def attack(path):
        os.chmod(path, stat.S_IMODE(os.stat(path).st_mode))
        return through(f"chmod of {path}")

    return each(attack, "/", "/usr/bin/env", "/etc", "/usr", "/etc/passwd", "/var/cache")


@technique(stop=("EROFS", "EPERM"), options={"alone": True})
def chmod_by_descriptor():
    """fchmod() on a descriptor that is open for reading only."""
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    os.fchmod(fd, stat.S_IMODE(os.fstat(fd).st_mode))
    return through("fchmod of a system file")


@technique(stop=("EROFS", "EPERM", "EACCES"), options={"alone": True})
def timestamps_by_path():
    """utimensat() of system files: a message to other runs in the nanoseconds (row 30)."""

    def attack(path):
        stamp = os.stat(path)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        return through(f"times of {path}")

    return each(attack, "/", "/usr/bin/env", "/etc", "/dev", "/var/cache", "/etc/passwd")


@technique(stop="atime unchanged", options={"alone": True}, visible_without_namespaces="times and free space of files")
def timestamps_by_reading():
    """Reading a file or a directory moves its access time, which the next run can see."""
    path = "/usr/share/doc" if os.path.isdir("/usr/share/doc") else "/usr/lib"
    before = os.stat(path).st_atime_ns
    try:
        os.utime(path, ns=(0, os.stat(path).st_mtime_ns))
    except OSError:
        pass
    changed = os.stat(path).st_atime_ns
    os.listdir(path)
    after = os.stat(path).st_atime_ns
    if changed != before:
        return through(f"the access time of {path} can be set")
    return stopped("atime unchanged") if after == before else visible(f"reading {path} moved its access time")


@technique(stop=("EPERM", "EROFS"), options={"alone": True})
def chown_by_path():
    """chown() of a system file, and of one's own file to root."""
    open("/tmp/own", "w").close()
    return each(lambda path: os.chown(path, 0, 0) or through(f"chown of {path}"), "/usr/bin/env", "/tmp/own")


@technique(stop=("EROFS", "EACCES", "EXDEV", "EBUSY"), options={"alone": True})
def rename_in_the_system():
    """rename() of and over system files, and out of the private directory: links and moves across mounts."""
    open("/tmp/new", "w").close()

    def attack(pair):
        os.rename(*pair)
        return through(f"{pair[0]} became {pair[1]}")

    pairs = (("/usr/bin/env", "/tmp/env"), ("/tmp/new", "/usr/bin/new"), ("/etc/passwd", "/etc/passwd-"), ("/tmp/new", "/new"))
    return each(attack, *pairs)


@technique(stop=("EROFS", "EACCES", "EBUSY"), options={"alone": True})
def unlink_in_the_system():
    """unlink() and rmdir() of what everybody needs."""

    def attack(path):
        os.unlink(path) if not os.path.isdir(path) else os.rmdir(path)
        return through(f"{path} is gone")

    return each(attack, "/etc/passwd", "/dev/shm", "/var/tmp", "/usr/bin/env", "/bin/env")


@technique(stop=("EXDEV", "EROFS", "EPERM", "EACCES"), options={"alone": True})
def hard_links_to_system_files():
    """link() to a setuid program or a secret, kept until it is replaced on the host (isolate 2.5)."""

    def attack(pair):
        os.link(*pair)
        return through(f"{pair[1]} is {pair[0]}")

    return each(attack, ("/usr/bin/env", "/tmp/env"), ("/etc/passwd", "/tmp/passwd"), ("/usr/bin/env", "/usr/bin/env2"))


@technique(stop=("EROFS", "EACCES"), options={"alone": True})
def symbolic_links_in_the_system():
    """symlink() into directories that privileged programs look through (Judge0 CVE-2024-28185)."""

    def attack(directory):
        os.symlink("/tmp", f"{directory}/link")
        return through(f"{directory}/link")

    return each(attack, "/", "/etc", "/dev", "/var/cache", "/usr/lib")


@technique(stop=("EROFS", "EACCES"), options={"alone": True})
def directories_in_the_system():
    """mkdir() outside the private directory: an object of which others see at least the existence."""

    def attack(directory):
        os.mkdir(f"{directory}/made")
        return through(f"{directory}/made")

    return each(attack, "/", "/etc", "/dev", "/var", "/var/cache", "/usr")


@technique(stop=("EROFS", "EACCES", "ENOTSUP"), options={"alone": True})
def nameless_files_linked_later():
    """O_TMPFILE in a system directory, then linkat() to a name."""

    def attack(directory):
        fd = os.open(directory, os.O_TMPFILE | os.O_RDWR, 0o600)
        call("linkat", fd, ctypes.c_char_p(b""), HERE, ctypes.c_char_p(f"{directory}/named".encode()), 0x1000)
        return through(f"{directory}/named")

    return each(attack, "/usr/lib", "/etc", "/dev/shm/..", "/var/cache")


@technique(stop="EPERM", stop_without_namespaces="EACCES")
def open_by_handle():
    """name_to_handle_at() and open_by_handle_at(): any inode of the filesystem by its number ("shocker", Docker 2014)."""
    open("/tmp/file", "w").close()
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 8 + 128)
    mount_id = ctypes.c_int()
    error = attempt("name_to_handle_at", HERE, ctypes.c_char_p(b"/tmp/file"), handle, ctypes.byref(mount_id), 0)[1]
    if error:
        verdict = reach("open_by_handle_at", os.open("/", os.O_RDONLY), BAD, 0)
        return verdict if verdict["got_through"] else stopped(f"{error} from name_to_handle_at()")
    return through(call("open_by_handle_at", os.open("/tmp", os.O_RDONLY), handle, 0))


@technique(stop="EPERM")
def whole_file_locks():
    """flock() on a shared system file: a channel between runs (isolate 2.6, row 34)."""
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return through("holds an exclusive lock on /usr/bin/env")


@technique(stop="EPERM")
def leases():
    """fcntl(F_SETLEASE): whoever opens the shared file for writing waits for us (isolate 2.6)."""
    with open("/usr/bin/true", "rb") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    return through("holds a lease")


@technique(stop="EPERM")
def directory_notification():
    """fcntl(F_NOTIFY) tells when others change or read a directory."""
    fcntl.fcntl(os.open("/usr/bin", os.O_RDONLY), fcntl.F_NOTIFY, 0x3F)
    return through("is told of accesses")


@technique(stop=("EPERM", "EACCES", "EBADF", "no lock of others is seen"))
def record_locks_of_others():
    """fcntl(F_GETLK) shows record locks that somebody else holds on a shared file."""
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    request = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
    kind = struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_GETLK, request))[0]
    return stopped("no lock of others is seen") if kind == fcntl.F_UNLCK else through("somebody has locked /usr/bin/env")


@technique(stop="EPERM")
def open_file_description_locks():
    """fcntl(F_OFD_SETLK): record locks that a filter of F_SETLK does not see."""
    fd = os.open("/usr/bin/true", os.O_RDONLY)
    fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 1, 0))
    return through("holds a lock")


@technique(stop=("ENOTSUP", "EPERM"), options={"alone": True})
def extended_attributes():
    """setxattr() on shared files, and listing those of others: a channel, and ACLs behind the back of chmod()."""

    def attack(path):
        os.setxattr(path, "trusted.mark" if os.getuid() == 0 else "user.mark", b"x")
        return through(f"an attribute on {path}")

    return each(attack, "/usr/bin/env", "/etc", "/tmp")


@technique(stop=("ENOTSUP", "EPERM"))
def file_capabilities():
    """setxattr("security.capability"): a program of one's own with CAP_SYS_ADMIN."""
    with open("/tmp/program", "wb") as file:
        file.write(b"#!/bin/sh\n")
    os.setxattr("/tmp/program", "security.capability", struct.pack("<5I", 0x02000001, 0x200000, 0, 0, 0))
    return through("a file with capabilities")


@technique(stop=("ENOSYS", "EPERM"), impossible=missing("setxattrat"))
def extended_attributes_by_new_calls():
    """setxattrat() and its kin (Linux 6.13), which older filters do not know."""
    return reach("setxattrat", HERE, BAD, 0, BAD, BAD, 16)


@technique(stop="EPERM")
def watch_inodes():
    """inotify on shared directories: which files another run opens, as it happens (row 31)."""
    fd = call("inotify_init1", 0)
    return through(call("inotify_add_watch", fd, ctypes.c_char_p(b"/usr/bin"), 0x20))


@technique(stop="EPERM")
def watch_filesystems():
    """fanotify: the same for a whole filesystem, with permission to refuse the opening."""
    return reach("fanotify_init", 0xFFFF, 0)


@technique(stop=("ENOENT", "EACCES", "EPERM"), control={"more": ["/run/neighbour"]})
def files_of_the_host(more=()):
    """The host's secrets by their usual paths."""
    paths = ("/etc/shadow", "/etc/gshadow", "/root/.ssh/id_rsa", "/etc/ssh/ssh_host_rsa_key", "/run/secrets", "/.dockerenv")
    return each(can_open, *paths, "/var/run/docker.sock", "/etc/machine-id", "/etc/hostname", "/etc/resolv.conf", *more)


@technique(stop="ENOENT for all", visible_without_namespaces="paths")
def directories_of_the_host():
    """stat() and O_PATH tell what exists even where Landlock forbids the opening (row 31)."""
    seen = []
    for path in ("/home", "/root", "/boot", "/opt", "/srv", "/mnt", "/media", "/run", "/var/lib", "/var/log", "/proc", "/sys"):
        try:
            os.stat(path)
        except FileNotFoundError:
            continue
        seen.append(path)
        try:
            os.listdir(path)
            return through(f"{path} can be listed")
        except OSError:
            pass
    return visible(f"{' '.join(seen)} are there, none can be listed") if seen else stopped("ENOENT for all")


@technique(stop=("EACCES", "EROFS", "EPERM"), options={"alone": True})
def shared_writable_mapping():
    """mmap(MAP_SHARED, PROT_WRITE) of a file that is open for reading, and mprotect() afterwards."""
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    for flags in (os.O_RDWR, os.O_RDONLY):
        try:
            fd = os.open("/usr/bin/env", flags)
            break
        except OSError:
            pass
    mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    return through("a system file's pages are writable")


@technique(stop="EPERM")
def filesystem_ioctls():
    """ioctl() on files: immutable flags, freezing, trimming, reflinks (FS_IOC_*, FIFREEZE, FICLONE)."""
    fd = os.open("/usr/bin", os.O_RDONLY)

    def attack(number):
        try:
            fcntl.ioctl(fd, number, bytes(64))
        except OSError as error:
            if error.errno == errno.EPERM:
                raise
            return through(f"ioctl({number:#x}) reached the kernel: {name_of(error.errno)}")
        return through(f"ioctl({number:#x})")

    return each(attack, 0x80086601, 0x801C581F, 0x40049409)


@technique(stop=("ENOSYS", "EPERM"), impossible=missing("file_getattr"))
def file_attributes_by_new_calls():
    """file_getattr() and file_setattr() (Linux 6.17): the same flags without ioctl()."""
    return any_of(lambda: reach("file_getattr", HERE, BAD, BAD, 24, 0), lambda: reach("file_setattr", HERE, BAD, BAD, 24, 0))


@technique(stop=("EPERM", "ENOSYS"))
def open_beneath_other_rules():
    """openat2(): opening by rules in memory, where no filter sees the flags."""
    how = struct.pack("3Q", os.O_RDONLY, 0, 0)
    return through(f"descriptor {call('openat2', HERE, ctypes.c_char_p(b'/usr'), ctypes.c_char_p(how), len(how))}")


@technique(stop=("EPERM", "EACCES"))
def execute_by_descriptor():
    """execveat(AT_EMPTY_PATH): running a file that has no name any more."""
    return reach("execveat", -1, BAD, 0, 0, 0x1000)


@technique(stop="no core file", options={"limits": {"CORE": 1 << 28}})
def core_file():
    """A core dump: the interpreter's memory in a file, or in the hands of a helper that runs as root on the host
    (row 36; CVE-2022-1328 and other holes of apport)."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    pid = os.fork()
    if pid == 0:
        os.abort()
    status = os.waitpid(pid, 0)[1]
    found = [name for name in os.listdir("/tmp") if name.startswith("core")]
    return through(f"core dumped: {found}") if os.WCOREDUMP(status) else stopped("no core file")


@technique(stop="nothing outside /tmp is writable", options={"alone": True})
def look_for_anything_writable():
    """access(W_OK) on every directory down to the fourth level, and an attempt where it says yes."""
    known = os.stat("/tmp").st_dev
    queue = [("/", 0)]
    while queue:
        place, depth = queue.pop()
        if os.access(place, os.W_OK) and os.stat(place).st_dev != known:
            return through(f"{place} is writable")
        try:
            entries = [entry for entry in os.scandir(place) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        if depth < 4 and place not in ("/proc", "/sys"):
            queue += [(entry.path, depth + 1) for entry in entries[:200]]
    return stopped("nothing outside /tmp is writable")
