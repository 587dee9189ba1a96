"""What every technique is run with: its text goes in front of the technique's, into the sandbox as into a control.

Nothing here belongs to the test suite, so that `pyexecd selftest` can carry the same texts.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import select
import signal
import socket
import stat
import struct
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
MACHINE = os.uname().machine
NR = {}  # numbers of the system calls that the technique names, put in when its script is composed
NULL = ctypes.c_void_p(None)
BAD = ctypes.c_void_p(8)  # no memory there: a call that gets to look says EFAULT
HERE = -100  # AT_FDCWD

# What a refused call answers; any other answer comes from behind the refusal.
REFUSALS = ("EPERM", "ENOSYS", "ENOTSUP")


class Stopped(Exception):
    """Raised where the attack ends; its text says by what."""


def through(evidence):
    return {"got_through": True, "evidence": str(evidence), "stopped_by": ""}


def visible(evidence):
    """Through, but only so far that something is seen to be there: each attempt to do anything with it was refused. In
    a tier without namespaces that may have to be as it is; see visible_without_namespaces in technique.py."""
    return {**through(evidence), "visible": True}


def stopped(by):
    return {"got_through": False, "evidence": "", "stopped_by": str(by)}


def name_of(number):
    return errno.errorcode.get(number, str(number))


def attempt(name, *args):
    """Makes a system call by its name or number: (what it returned, the name of its errno or "")."""
    number = NR[name] if isinstance(name, str) else name
    if number < 0:
        raise Stopped(f"ENOSYS from {name}(), which {MACHINE} does not have")
    padded = [ctypes.c_long(a) if isinstance(a, int) else a for a in args] + [ctypes.c_long(0)] * (6 - len(args))
    ctypes.set_errno(0)
    LIBC.syscall.restype = ctypes.c_long
    result = LIBC.syscall(ctypes.c_long(number), *padded)
    return result, name_of(ctypes.get_errno()) if result == -1 else ""


def call(name, *args):
    """A system call that has to succeed for the attack to go on."""
    result, error = attempt(name, *args)
    if error:
        raise Stopped(f"{error} from {name}()")
    return result


def reach(name, *args):
    """For calls that would do harm: made with impossible arguments, and through as soon as the kernel looks at them."""
    result, error = attempt(name, *args)
    if error in REFUSALS:
        return stopped(f"{error} from {name}()")
    return through(f"{name}() reached the kernel: {error or result}")


def first_through(verdicts):
    """The first attempt that got through, else the first that saw something, else the last."""
    seen = None
    last = stopped("nothing was tried")
    for last in verdicts:
        if last.get("visible"):
            seen = seen or last
        elif last["got_through"]:
            return last
    return seen or last


def any_of(*attacks):
    """Tries functions without arguments, in order, until one gets through."""
    return first_through(judge(attack) for attack in attacks)


def each(function, *items):
    """function(item) for every item, as verdicts."""
    return first_through(judge(function, item) for item in items)


def judge(function, *args, **kwargs):
    """Runs an attack and returns its verdict. An operation that the system refuses ends it; a bug in it does not pass."""
    try:
        verdict = function(*args, **kwargs)
    except Stopped as end:
        return stopped(end)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return stopped(f"{name_of(error.errno)} ({error.strerror}){where}")
    return verdict


def in_child(function, *args, seconds=5):
    """Runs an attack in a fork, for what may kill it or change the process for good."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            verdict = judge(function, *args)
            os.write(writer, repr(verdict).encode()[:4000])
        except BaseException as error:
            os.write(writer, f"'{type(error).__name__}: {error}'".encode())
        finally:
            os._exit(0)
    os.close(writer)
    ready = select.select([reader], [], [], seconds)[0]
    text = b""
    while ready and (part := os.read(reader, 4096)):
        text += part
    os.close(reader)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if text:
        verdict = eval(text)
        if isinstance(verdict, str):
            raise RuntimeError(verdict)
        return verdict
    if not ready:
        return stopped(f"no answer within {seconds} s")
    return stopped(f"{signal.Signals(os.WTERMSIG(status)).name} killed the caller" if os.WIFSIGNALED(status) else status)


def cloned(flags, seconds=2):
    """clone(2) with these flags; the child exits at once. Returns its pid, or raises Stopped."""
    pid = call("clone", flags | signal.SIGCHLD)
    if pid == 0:
        os._exit(0)
    return pid


def machine_code(code, low=False):
    """A function of these bytes of machine code; `low` puts it beneath 4 GiB. Takes and returns longs."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | (0x40 if low else 0)
    LIBC.mmap.restype = ctypes.c_void_p
    LIBC.mmap.argtypes = [ctypes.c_void_p] + [ctypes.c_long] * 5
    address = LIBC.mmap(None, 4096, 7, flags, -1, 0)
    if address in (None, ctypes.c_void_p(-1).value):
        raise Stopped(f"{name_of(ctypes.get_errno())} from mmap()")
    ctypes.memmove(address, code, len(code))
    function = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_long)(address)
    function.address = address
    return function


def others(first=2, last=33000):
    """Numbers of processes that may be somebody else's; number 1 is the room's or the sandbox's own first process. Those
    about one's own come besides: without a pid namespace they are the neighbours'."""
    own = os.getpid()
    near = range(max(own - 2000, last), own + 2000)
    return (pid for numbers in (range(first, last), near) for pid in numbers if pid != own)


def a_child():
    """A child that sleeps, for attacks on "another process" that must not hurt anyone. End it by end_child()."""
    pid = os.fork()
    if pid == 0:
        time.sleep(10)
        os._exit(0)
    return pid


def end_child(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def with_child(function):
    """function(pid of a sleeping child), as a verdict."""
    pid = a_child()
    try:
        return judge(function, pid)
    finally:
        end_child(pid)


def readable(address, size=4096, _pipe=[]):
    """The bytes at an address of one's own memory, or None where there are none: write(2) says EFAULT, no signal."""
    if not _pipe:
        _pipe.extend(os.pipe())
    LIBC.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    LIBC.write.restype = ctypes.c_long
    n = LIBC.write(_pipe[1], address, size)
    return os.read(_pipe[0], n) if n > 0 else None


def can_open(path, flags=os.O_RDONLY):
    """Through when the path opens; nothing is read or written."""
    fd = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    os.close(fd)
    return through(f"opened {path}")
