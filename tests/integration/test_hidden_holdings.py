"""Memory and disk space that a run holds where no list of its processes, maps, files or descriptors shows it at once.

Each script holds `mib` in steps and prints after each how much it has so far. Little of it is allowed, or the call that
it takes is refused; much is ended while it is not much more than the limit.
"""

import re
import textwrap

import pytest

LIMIT_MIB = 128  # of the memory here, and the default of the private directory
STEP_MIB = 8

PRELUDE = """
    import ctypes, mmap, os, socket, subprocess, threading, time
    STEP = {step} << 20
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
    SHARED, PRIVATE, ANONYMOUS, NORESERVE = 1, 2, 32, 0x4000

    def checked(address):
        if address == ctypes.c_void_p(-1).value:
            raise OSError(ctypes.get_errno(), "mmap")
        return address

    def told(held):
        print(held >> 20, flush=True)

    def touched_and_forgotten(address, size):
        # Written, then taken out of the page tables.
        held = 0
        while held < size:
            ctypes.memset(address + held, 1, STEP)
            assert libc.madvise(ctypes.c_void_p(address + held), ctypes.c_size_t(STEP), 4) == 0
            held += STEP
            told(held)
        return settled(held)

    def unlinked_file(number):
        name = f"/tmp/hidden-{{number}}"
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(name)
        for _ in range(STEP >> 20):
            os.write(file, bytes(1 << 20))
        return file

    def settled(held):
        time.sleep(0.3)
        return held >> 20
"""

MEMORY = {
    "behind a first thread that has ended": """
        def main(mib):
            def work():
                held, kept = 0, []
                while held < mib << 20:
                    kept.append(bytearray(b"x" * STEP))
                    held += STEP
                    told(held)
                time.sleep(0.3)
                os._exit(7)
            threading.Thread(target=work).start()
            libc.syscall(ctypes.c_long(60 if os.uname().machine == "x86_64" else 93), 0)
        """,
    "shared and forgotten by the page tables": """
        def main(mib):
            return touched_and_forgotten(checked(libc.mmap(None, mib << 20, 3, SHARED | ANONYMOUS, -1, 0)), mib << 20)
        """,
    "shared by way of a device": """
        def main(mib):
            device = os.open("/dev/zero", os.O_RDWR)
            return touched_and_forgotten(checked(libc.mmap(None, mib << 20, 3, SHARED, device, 0)), mib << 20)
        """,
    "in page tables": """
        def main(mib):
            held, each = 0, 1 << 30
            while held < mib << 20:
                address = checked(libc.mmap(None, each, 1, PRIVATE | ANONYMOUS | NORESERVE, -1, 0))
                libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(each), 15)  # no huge page of zeros
                for at in range(0, each, 2 << 20):
                    ctypes.string_at(address + at, 1)
                held += (each >> 21) * 4096
                told(held)
            return settled(held)
        """,
}

DISK = {
    "mapped, closed and unlinked": """
        def main(mib):
            held = 0
            while held < mib << 20:
                file = unlinked_file(held)
                checked(libc.mmap(None, 4096, 1, PRIVATE, file, 0))
                os.close(file)
                held += STEP
                told(held)
            return settled(held)
        """,
    "on the way through a socket": """
        def main(mib):
            import array
            held, pair = 0, socket.socketpair()
            while held < mib << 20:
                file = unlinked_file(held)
                pair[0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))])
                os.close(file)
                held += STEP
                told(held)
            return settled(held)
        """,
    "open in a thread with descriptors of its own": """
        def main(mib):
            held, stacks = 0, []
            while held < mib << 20:
                file = unlinked_file(held)
                stacks.append(ctypes.create_string_buffer(1 << 16))
                top = ctypes.c_void_p(ctypes.addressof(stacks[-1]) + 60000 & ~15)
                flags = 0x100 | 0x200 | 0x800 | 0x10000 | 0x40000  # CLONE_VM, FS, SIGHAND, THREAD, SYSVSEM; not FILES
                if libc.clone(ctypes.cast(libc.pause, ctypes.c_void_p), top, flags, None) < 0:
                    raise OSError(ctypes.get_errno(), "clone")
                os.close(file)
                held += STEP
                told(held)
            return settled(held)
        """,
    "open in a program that nobody may look into": """
        def main(mib):
            import shutil
            shutil.copy("/bin/sleep", "/tmp/sleep")
            os.chmod("/tmp/sleep", 0o111)
            held = 0
            while held < mib << 20:
                file = unlinked_file(held)
                subprocess.Popen(["/tmp/sleep", "30"], pass_fds=[file])
                os.close(file)
                held += STEP
                told(held)
            return settled(held)
        """,
}

CASES = [pytest.param(kind, text, id=f"{kind}-{name}") for kind, cases in (("memory", MEMORY), ("disk", DISK)) for name, text in cases.items()]


# What no honest program does, and whose size nobody can tell: ended at once where the watch has to do with it.
ENDED_AT_ONCE = (MEMORY["shared by way of a device"], DISK["open in a program that nobody may look into"])


# Whose very call may be refused.
REFUSED = (
    MEMORY["shared and forgotten by the page tables"],
    DISK["on the way through a socket"],
    DISK["open in a thread with descriptors of its own"],
)


def run(service, text, mib):
    script = textwrap.dedent(PRELUDE.format(step=STEP_MIB)) + textwrap.dedent(text)
    status, answer = service.execute(script, args=[mib], memory_mb=LIMIT_MIB, timeout=20, banner=False)
    assert status in (200, 400, 422), answer
    held = [int(number) for number in re.findall(r"^\d+$", answer.get("stdout", ""), re.MULTILINE)]
    return answer, max(held, default=0)


@pytest.mark.parametrize("kind, text", CASES)
def test_a_little_is_allowed(service, kind, text):
    """The control: the script does what it says, unless the very call is refused."""
    answer, held = run(service, text, 16)
    if text in REFUSED and answer.get("error_type") == "PermissionError":
        return
    if text in ENDED_AT_ONCE and answer.get("error") == "resource_limit":
        return
    if text is DISK["open in a program that nobody may look into"] and "Permission denied: '/tmp/sleep'" in answer.get("message", ""):
        return  # no program of the private directory can be executed here
    assert held == 16, answer
    assert answer["success"] or answer["return_code"] == 7, answer  # os._exit(7): the one whose first thread has ended


@pytest.mark.parametrize("kind, text", CASES)
def test_much_is_not(service, kind, text):
    answer, held = run(service, text, 8 * LIMIT_MIB)
    assert not answer["success"], answer
    # A new sandbox is not looked at in its first 20 ms, and some write gigabytes in a second.
    assert held < 4 * LIMIT_MIB, f"{held} MiB under a limit of {LIMIT_MIB}: {answer}"
    if answer["error"] == "resource_limit":
        # A private directory in memory counts there too.
        assert answer["limit"]["name"] in {"memory": ["memory_mb"], "disk": ["max_disk_mb", "memory_mb"]}[kind], answer
    else:
        assert answer["error_type"] in ("PermissionError", "OSError", "MemoryError"), answer


def test_children_that_nobody_has_waited_for_hold_nothing(service):
    script = """
        import os, time
        def main():
            children = [os.fork() or os._exit(0) for _ in range(8)]
            time.sleep(0.3)
            return sum(os.waitpid(child, 0)[1] for child in children)
        """
    assert service.result(script) == 0


def test_honest_programs_that_look_like_it(service):
    """Shared maps, semaphores without names and files that are open but gone, all held for some looks of the watch."""
    script = """
        import mmap, multiprocessing, os, tempfile, time
        from multiprocessing import shared_memory

        def square(number):
            time.sleep(0.02)
            return number * number

        def main():
            area = mmap.mmap(-1, 1 << 20)
            private = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE)
            private[0] = 1
            if os.fork() == 0:
                area[:5] = b"child"
                os._exit(0)
            os.wait()
            locks = [multiprocessing.Lock() for _ in range(300)]
            queue, value = multiprocessing.Queue(), multiprocessing.Value("i", 3)
            with multiprocessing.Pool(3) as pool:
                squares = sum(pool.map(square, range(20)))
            block = shared_memory.SharedMemory(create=True, size=1 << 20)
            block.buf[0] = 7
            block.unlink()
            with tempfile.TemporaryFile() as file:
                file.write(bytes(1 << 20))
                file.flush()
                time.sleep(0.2)
            queue.put(len(locks))
            answer = [bytes(area[:5]).decode(), len(area), len(private), squares, block.buf[0], queue.get(), value.value]
            block.close()
            return answer + [isinstance(area, mmap.mmap)]
        """
    assert service.result(script, timeout=20) == ["child", 1 << 20, 64 << 20, 2470, 7, 300, 3, True]
