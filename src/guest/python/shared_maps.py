"""mmap.mmap(-1, length) where no control group holds memory.

Shared anonymous memory may be in no process' figures although it is held, so that sandboxes are refused it there
(src/jail/seccomp_variants.c). A file of the private directory, which has no name any more, does the same for scripts, and
is in the figures.
"""

import errno
import functools
import mmap
import os
import tempfile

_Map = mmap.mmap


def _is_shared(flags, access):
    if access != mmap.ACCESS_DEFAULT:
        return access != mmap.ACCESS_COPY
    return bool(flags & mmap.MAP_SHARED)


def _make_room(file, length):
    try:
        os.ftruncate(file, length)
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        reason = (
            "Shared memory is a file on this host, and this one is larger than a file may be (max_file_mb); memory of this "
            "process alone: mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE)"
        )
        raise OSError(errno.EFBIG, reason) from None


def install():
    @functools.wraps(_Map, assigned=("__doc__", "__module__", "__name__", "__qualname__"), updated=())
    class Map(_Map):
        def __new__(
            cls,
            fileno,
            length,
            flags=mmap.MAP_SHARED,
            prot=mmap.PROT_READ | mmap.PROT_WRITE,
            access=mmap.ACCESS_DEFAULT,
            offset=0,
        ):
            if fileno != -1 or not isinstance(length, int) or length <= 0 or not _is_shared(flags, access):
                return _Map.__new__(cls, fileno, length, flags, prot, access, offset)
            file, name = tempfile.mkstemp()
            try:
                os.unlink(name)
                _make_room(file, length + offset)
                return _Map.__new__(cls, file, length, flags & ~mmap.MAP_ANONYMOUS, prot, access, offset)
            finally:
                os.close(file)  # the map has a descriptor of its own

    mmap.mmap = Map
