"""Memory: kinds of it that are dangerous, and what others left in it."""

from ..probe import *
from ..technique import missing, technique


@technique(stop=("EPERM", "ENOSYS"))
def user_fault_handling():
    """userfaultfd(): stops the kernel in the middle of a copy, which makes races in it easy to win."""
    return through(f"descriptor {call('userfaultfd', 0)}")


@technique(stop=("EPERM", "ENOSYS"))
def anonymous_files():
    """memfd_create(): memory that neither a disk quota nor a count of mapped pages sees, and programs without a file."""
    return through(f"descriptor {call('memfd_create', ctypes.c_char_p(b'mark'), 0)}")


@technique(stop=("EPERM", "ENOSYS"), impossible=missing("memfd_secret"))
def secret_memory():
    """memfd_secret(): locked memory that the kernel itself cannot swap or move."""
    return reach("memfd_secret", 0xFFFF)


@technique(stop=("EPERM", "ENOSYS", "EAGAIN", "ENOMEM"))
def lock_memory():
    """mlock(), mlock2() and mlockall(): memory that cannot be reclaimed, however short the host is."""
    page = mmap.mmap(-1, 65536)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return any_of(
        lambda: through(call("mlock", address, 65536)),
        lambda: through(call("mlock2", address, 65536, 0)),
        lambda: through(call("mlockall", 4)),
    )


@technique(stop=("EPERM", "EAGAIN", "ENOMEM"))
def lock_memory_by_mapping():
    """mmap(MAP_LOCKED): the same by a flag of a permitted call."""
    mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x2000)
    return through("a locked mapping")


@technique(stop="EPERM")
def huge_pages():
    """mmap(MAP_HUGETLB): pages of a pool that all of the host shares and no memory limit counts. Asked for in a size
    that does not exist."""
    try:
        mmap.mmap(-1, 1 << 21, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000 | 5 << 26)
    except OSError as error:
        if error.errno == errno.EPERM:
            raise
        return through(f"mmap(MAP_HUGETLB) reached the kernel: {name_of(error.errno)}")
    return through("huge pages")


@technique(stop=("EPERM", "EACCES"))
def page_zero():
    """mmap(MAP_FIXED) at address 0: the kernel's null pointers point into the attacker's memory."""
    LIBC.mmap.restype = ctypes.c_void_p
    LIBC.mmap.argtypes = [ctypes.c_void_p] + [ctypes.c_long] * 5
    ctypes.set_errno(0)
    if LIBC.mmap(0, 4096, 3, 0x32, -1, 0) == ctypes.c_void_p(-1).value:
        raise Stopped(f"{name_of(ctypes.get_errno())} from mmap()")
    return through("page zero is mapped")


@technique(stop=("EPERM", "EINVAL"))
def merge_pages():
    """madvise(MADV_MERGEABLE): equal pages of different sandboxes become one, and the time of a write tells which
    (CAIN, 2015; "Memory Deduplication as a Threat")."""
    page = mmap.mmap(-1, 65536, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    page.madvise(12)
    return through("pages are offered for merging")


@technique(stop=("EPERM", "EINVAL"))
def poison_pages():
    """madvise(MADV_HWPOISON, MADV_SOFT_OFFLINE): takes the host's memory away page by page. On no page at all."""
    address = ctypes.addressof(ctypes.c_char.from_buffer(mmap.mmap(-1, 4096)))
    return each(lambda advice: reach("madvise", address & ~4095, 0, advice), 100, 101)


@technique(stop=("EPERM", "ENOSYS"))
def pages_in_cache():
    """mincore() on a mapped system file: what other processes have read ("Page Cache Attacks", CVE-2019-5489)."""
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    page = mmap.mmap(fd, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
    vector = ctypes.create_string_buffer(1)
    call("mincore", ctypes.addressof(ctypes.c_char.from_buffer(page)), 4096, vector)
    return through(f"cached: {vector.raw[0] & 1}")


@technique(stop=("EPERM", "ENOSYS"), impossible=missing("cachestat"))
def cache_statistics():
    """cachestat() (Linux 6.5): the same without a mapping."""
    result, span = ctypes.create_string_buffer(64), ctypes.create_string_buffer(struct.pack("QQ", 0, 4096))
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    call("cachestat", fd, span, result, 0)
    return through(f"pages in cache: {struct.unpack('Q', result.raw[:8])[0]}")


@technique(stop=("EPERM", "ENOSYS"))
def reads_that_do_not_wait():
    """preadv2(RWF_NOWAIT): says EAGAIN for what is not in the page cache."""
    buffer = bytearray(16)
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    into = struct.pack("QQ", ctypes.addressof(ctypes.c_char.from_buffer(buffer)), 16)
    result, error = attempt("preadv2", fd, ctypes.c_char_p(into), 1, 0, 0, os.RWF_NOWAIT)
    if error in ("EPERM", "ENOSYS"):
        raise Stopped(f"{error} from preadv2()")
    return through(f"preadv2() reached the file: {error or result}")


@technique(stop=("EPERM", "ENOSYS"))
def evict_from_cache():
    """posix_fadvise(DONTNEED), readahead() and sync_file_range(): pages put in and out of everybody's cache."""
    fd = os.open("/usr/bin/env", os.O_RDONLY)
    return any_of(
        lambda: through(call("fadvise64", fd, 0, 0, 4)),
        lambda: through(call("readahead", fd, 0, 4096)),
        lambda: through(call("sync_file_range", fd, 0, 0, 2)),
    )


@technique(stop=("EPERM", "ENOSYS"))
def move_pages():
    """move_pages() and migrate_pages(): which node a page is on, others' pages too."""
    return any_of(lambda: reach("move_pages", 0, 1, BAD, 0, BAD, 0), lambda: reach("migrate_pages", 0, 1, BAD, BAD))


@technique(stop=("EPERM", "ENOSYS"))
def memory_policy():
    """mbind(), set_mempolicy() and get_mempolicy()."""
    return any_of(
        lambda: reach("set_mempolicy", 99, 0, 0),
        lambda: reach("mbind", 0, 4096, 99, 0, 0, 0),
        lambda: reach("get_mempolicy", BAD, 0, 0, 0, 0),
    )


@technique(stop=("EPERM", "ENOSYS"))
def protection_keys():
    """pkey_alloc() and pkey_mprotect(): bits that a filter of mprotect() does not see."""
    return any_of(lambda: reach("pkey_alloc", 0xFF, 0), lambda: reach("pkey_mprotect", 1, 1, 0, 99))


@technique(stop=("EPERM", "ENOSYS"))
def nonlinear_mappings():
    """remap_file_pages(): a call that nobody has needed since Linux 4.0 emulates it."""
    return reach("remap_file_pages", 0, 1, 0, 0, 0)


@technique(stop=("EPERM", "ENOSYS"), impossible=missing("map_shadow_stack"))
def shadow_stacks():
    """map_shadow_stack(): memory that only the processor may write, made by hand."""
    return reach("map_shadow_stack", 1, 0, 0)


@technique(stop=("ENOSYS", "EPERM"), impossible=missing("mseal"))
def seal_memory():
    """mseal() (Linux 6.10): mappings that nobody can take away again."""
    return reach("mseal", 1, 0, 0)


@technique(stop="no secret within reach", control={"plant": True})
def secrets_on_the_stack(plant=False):
    """The strings of the environment that the warm interpreter was started with stay at the top of the stack even
    when environ was emptied, and every sandbox is a copy of it."""
    marks = [b"secret-of-the-" + b"neighbour", b"-of-the-" + b"host-only", b"SECRET_OF_" + b"THE_HOST", b"PYEXEC_"]
    kept = ctypes.create_string_buffer(marks[0] + b"x" * 64) if plant else None
    top = ctypes.c_void_p.in_dll(LIBC, "__libc_stack_end" if hasattr(LIBC, "__libc_stack_end") else "environ").value
    start = ctypes.addressof(kept) if kept else top
    for address in range((start & ~4095) - 16 * 4096, (start & ~4095) + 64 * 4096, 4096):
        text = readable(address)
        for mark in marks:
            if text and mark in text:
                return through(f"{mark!r} at {address:#x}")
    return stopped("no secret within reach")


@technique(stop="nothing of any other run", control={"plant": True})
def leftovers_in_the_heap(plant=False):
    """Objects of the warm interpreter that hold another script's text: every object there is, after gc.unfreeze()."""
    import gc

    marks = ("secret-of-the-" + "neighbour", "-of-the-" + "host-only", "mark-of-" + "another-run")
    kept = ["x", marks[2] + "!"] if plant else None
    gc.unfreeze()
    seen = 0
    for holder in gc.get_objects():
        for thing in gc.get_referents(holder):
            if isinstance(thing, (str, bytes)):
                seen += 1
                text = thing if isinstance(thing, str) else thing.decode("latin-1")
                if any(mark in text for mark in marks) and thing not in marks:
                    return through(f"{text[:60]!r}")
    return stopped("nothing of any other run" if seen > 1000 and not kept else f"only {seen} texts were seen")
