"""Keyrings, and objects that processes share by a name or a number."""

from ..probe import *
from ..technique import technique


@technique(stop=("EPERM", "ENOSYS"))
def join_a_keyring():
    """keyctl(JOIN_SESSION_KEYRING) and reading what lies in it: keys of whoever has the same uid (isolate 2.6)."""
    return through(f"keyring {call('keyctl', 1, 0)}")


@technique(stop=("EPERM", "ENOSYS"))
def add_a_key():
    """add_key(): kernel memory under a name that others can find (CVE-2016-0728)."""
    kind, name = ctypes.c_char_p(b"user"), ctypes.c_char_p(b"mark")
    return through(f"key {call('add_key', kind, name, ctypes.c_char_p(b'text'), 4, -2)}")


@technique(stop=("EPERM", "ENOSYS"))
def request_a_key():
    """request_key(): makes the kernel start /sbin/request-key as root, outside every namespace."""
    return reach("request_key", BAD, BAD, 0, 0)


@technique(stop=("EPERM", "ENOSYS"))
def persistent_keyring():
    """keyctl(GET_PERSISTENT) and keyctl(GET_KEYRING_ID) of the user's keyring, which outlives every process."""
    return any_of(lambda: through(call("keyctl", 0, -4, 1)), lambda: through(call("keyctl", 22, -1, -2)))


@technique(stop=("EPERM", "ENOSYS"))
def shared_memory():
    """shmget() and shmat(): segments that outlive the run and that the next one finds."""

    def make():
        number = call("shmget", 0x7079, 4096, 0o1666)
        call("shmctl", number, 0, 0)
        return through(f"segment {number}")

    return any_of(make, lambda: through(call("shmget", 0x6E6569, 0, 0)))


@technique(stop=("EPERM", "ENOSYS"))
def shared_memory_of_others():
    """shmat() of every number, and shmctl(SHM_INFO): what others share among themselves."""
    information = ctypes.create_string_buffer(256)
    return any_of(
        lambda: through(f"{call('shmctl', 0, 14, information)} segments"),
        lambda: each(lambda number: reach("shmat", number, 0, 0), *range(64)),
    )


@technique(stop=("EPERM", "ENOSYS"))
def semaphores():
    """semget(), semop() and semctl()."""
    return any_of(
        lambda: through(call("semget", 0x6E6569, 1, 0)), lambda: reach("semop", -1, BAD, 1), lambda: reach("semctl", -1, 0, 0)
    )


@technique(stop=("EPERM", "ENOSYS"))
def message_queues():
    """msgget(), msgsnd() and msgrcv(): a queue between runs, and the kernel's favourite spray (CVE-2021-22555)."""
    return any_of(
        lambda: through(call("msgget", 0x6E6569, 0)),
        lambda: reach("msgsnd", -1, BAD, 1, 0),
        lambda: reach("msgrcv", -1, BAD, 1, 0, 0),
    )


@technique(stop=("EPERM", "ENOSYS"))
def posix_message_queues():
    """mq_open(): queues by name; mq_notify() sends signals (CVE-2017-11176)."""
    return through(call("mq_open", ctypes.c_char_p(b"mark"), os.O_CREAT | os.O_RDWR, 0o600, 0))


@technique(stop=("EPERM", "ENOSYS"))
def posix_message_queue_notices():
    """mq_unlink(), mq_timedsend() and mq_notify() on queues that are there already."""
    return any_of(
        lambda: reach("mq_unlink", BAD), lambda: reach("mq_timedsend", -1, BAD, 1, 0, 0), lambda: reach("mq_notify", -1, 0)
    )


@technique(stop=("ENOENT", "EACCES"))
def posix_shared_memory_of_others():
    """/dev/shm: names that every process of the host can open, those of POSIX semaphores too."""
    found = [name for name in os.listdir("/dev/shm") if name not in os.listdir("/tmp")]
    if found:
        return through(f"/dev/shm holds {found}")
    return can_open("/dev/shm/neighbour")


@technique(stop="it is the private directory")
def posix_shared_memory_is_private():
    """shm_open() has to lead into the private directory, not to a filesystem that all runs share."""
    from multiprocessing import shared_memory as module

    segment = module.SharedMemory(create=True, size=4096)
    name = segment.name
    try:
        # As itself, or by the name that the preloaded library gives it where /dev/shm cannot be a link.
        if name in os.listdir("/tmp") or os.path.exists(f"/tmp/.shm.{name}"):
            return stopped("it is the private directory")
        return through(f"{name} is outside the private directory")
    finally:
        segment.close()
        segment.unlink()
