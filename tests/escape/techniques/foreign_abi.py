"""Other doors into the same kernel: 32-bit calls, x32, vsyscall, strange numbers."""

from ..probe import *
from ..technique import technique


def not_x86():
    return "" if os.uname().machine == "x86_64" else "no such thing on this processor"


def without_ia32():
    """A 32-bit program that exits with 42 tells whether this kernel runs such programs at all."""
    if not_x86():
        return not_x86()
    code = b"\xb8\x01\x00\x00\x00\xbb\x2a\x00\x00\x00\xcd\x80"
    head = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    text = head + struct.pack("<8I", 1, 0, 0x8048000, 0x8048000, 84 + len(code), 84 + len(code), 5, 4096) + code
    path = f"/tmp/ia32-{os.getpid()}"
    with open(path, "wb") as file:
        file.write(text)
    os.chmod(path, 0o700)
    try:
        pid = os.fork()
        if pid == 0:
            try:
                os.execv(path, [path])
            finally:
                os._exit(1)
        status = os.waitpid(pid, 0)[1]
    finally:
        os.unlink(path)
    return "" if os.waitstatus_to_exitcode(status) == 42 else "this kernel runs no 32-bit programs"


@technique(stop=("SIGSYS", "SIGSEGV", "EPERM", "ENOSYS", "no such thing"), impossible=without_ia32)
def int_80():
    """int 0x80 from 64-bit code: the 32-bit table, whose numbers mean other calls (number 11 is execve there and
    munmap here)."""
    if MACHINE != "x86_64":
        return stopped("no such thing on this processor")

    def attack():
        # push rbx; mov eax, 20 (getpid); int 0x80; pop rbx; ret
        got = machine_code(b"\x53\xb8\x14\x00\x00\x00\xcd\x80\x5b\xc3")(0, 0, 0)
        return through(f"getpid() says {got}") if got == os.getpid() else stopped(f"{name_of(-got)} from int 0x80")

    return in_child(attack)


@technique(stop=("SIGSYS", "SIGSEGV", "EPERM", "ENOSYS", "no such thing"), impossible=without_ia32)
def socketcall_by_int_80():
    """socketcall() exists in the 32-bit table only: one call for all sockets, arguments in memory."""
    if MACHINE != "x86_64":
        return stopped("no such thing on this processor")

    def attack():
        code = machine_code(b"\x53\xb8\x66\x00\x00\x00\xbb\x01\x00\x00\x00\x89\xf9\xcd\x80\x5b\xc3", low=True)
        arguments = code.address + 2048
        ctypes.memmove(arguments, struct.pack("<III", 1, 1, 0), 12)
        got = code(arguments, 0, 0)
        return through(f"socket {got}") if 0 <= got < 1024 else stopped(f"{name_of(-ctypes.c_int(got).value)} from socketcall()")

    return in_child(attack)


@technique(stop=("SIGSYS", "SIGSEGV", "EPERM", "ENOSYS", "no such thing"), impossible=without_ia32)
def far_jump_to_32_bit_code():
    """A far jump into the 32-bit code segment ("Heaven's gate") and int 0x80 from there: the processor itself in
    another mode."""
    if MACHINE != "x86_64":
        return stopped("no such thing on this processor")

    def attack():
        page = machine_code(b"\xc3", low=True)
        base = page.address
        narrow = b"\xb8\x14\x00\x00\x00\xcd\x80" + b"\xea" + struct.pack("<IH", base + 0x80, 0x33)  # ljmp back
        wide = b"\x89\xc0\x5b\xc3"  # mov eax, eax; pop rbx; ret
        entry = b"\x53\xff\x2d" + struct.pack("<i", 0x100 - 7)  # push rbx; ljmp *[0x100]
        for offset, text in ((0x40, narrow), (0x80, wide), (0x100, struct.pack("<IH", base + 0x40, 0x23)), (0, entry)):
            ctypes.memmove(base + offset, text, len(text))
        got = page(0, 0, 0)
        return through(f"getpid() says {got}") if got == os.getpid() else stopped(f"{name_of(-ctypes.c_int(got).value)} from int 0x80")

    return in_child(attack)


@technique(stop=("SIGSYS", "ENOEXEC", "EPERM", "no such thing"), impossible=without_ia32)
def program_of_32_bits():
    """execve() of a 32-bit program: a whole process in the other table."""
    if MACHINE != "x86_64":
        return stopped("no such thing on this processor")
    code = b"\xb8\x01\x00\x00\x00\xbb\x2a\x00\x00\x00\xcd\x80"  # exit(42)
    head = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    with open("/tmp/program", "wb") as file:
        file.write(head + struct.pack("<8I", 1, 0, 0x8048000, 0x8048000, 84 + len(code), 84 + len(code), 5, 4096) + code)
    os.chmod("/tmp/program", 0o700)

    def attack():
        os.execv("/tmp/program", ["/tmp/program"])

    pid = os.fork()
    if pid == 0:
        judge(attack)
        os._exit(1)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return stopped(signal.Signals(os.WTERMSIG(status)).name)
    return through("the 32-bit program ran") if os.WEXITSTATUS(status) == 42 else stopped("ENOEXEC")


def without_x32():
    if not_x86():
        return not_x86()
    return "this kernel has no x32 calls" if attempt(0x40000000 | 39)[1] == "ENOSYS" else ""


@technique(stop=("SIGSYS", "ENOSYS", "EPERM"), impossible=without_x32)
def x32_numbers():
    """Numbers with bit 30 set: the same calls in the x32 table, which a list of 64-bit numbers does not hold."""

    def attack(number):
        result, error = attempt(0x40000000 | number)
        return stopped(f"{error} from x32 call {number}") if error in REFUSALS else through(f"x32 call {number}: {error or result}")

    return first_through(in_child(attack, number) for number in (39, 101, 512, 520, 521, 41))


@technique(stop=("SIGSYS", "ENOSYS", "EPERM"), options={"limits": {}})
def numbers_with_high_bits():
    """Numbers with rubbish above the lower 32 bits: filter and kernel have to read the same number."""

    def attack(high):
        result, error = attempt(high << 32 | NR["getppid" if MACHINE == "x86_64" else "getppid"])
        forbidden = attempt(high << 32 | NR["unshare"], 0)[1]
        return stopped(f"{forbidden} from unshare()") if forbidden in REFUSALS else through(f"unshare(): {forbidden or 'done'}")

    return first_through(in_child(attack, high) for high in (1, 0x40000000, 0x7FFFFFFF))


@technique(stop=("ENOSYS", "SIGSYS", "EPERM"), control={"numbers": [39]})
def negative_numbers(numbers=(-1, -2, -(1 << 31))):
    """Number -1 and other negative ones: tracers use -1 for "skip", and a signed comparison lets them pass."""

    def attack(number):
        result, error = LIBC.syscall(ctypes.c_long(number), 0, 0, 0), name_of(ctypes.get_errno())
        return stopped(f"{error} from call {number}") if result == -1 else through(f"call {number}: {result}")

    return first_through(in_child(attack, number) for number in numbers)


def without_vsyscall():
    if not_x86():
        return not_x86()
    maps = open("/proc/self/maps", encoding="utf-8").read()
    return "" if "[vsyscall]" in maps else "this kernel has no vsyscall page"


@technique(stop=("SIGSYS", "SIGSEGV", "EPERM", "ENOSYS", "no such thing"), impossible=without_vsyscall)
def vsyscall():
    """The vsyscall page at a fixed address: calls that come from no instruction of ours, emulated by the kernel. Its
    getcpu() is not in the table."""
    if MACHINE != "x86_64":
        return stopped("no such thing on this processor")

    def attack():
        number = ctypes.c_uint(0xFFFF)
        function = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(0xFFFFFFFFFF600800)
        result = function(ctypes.byref(number), None, None)
        if result == 0 and number.value != 0xFFFF:
            return through(f"vsyscall getcpu() says {number.value}")
        return stopped(f"{name_of(-result)} from the vsyscall page")

    return in_child(attack)


@technique(stop=("EPERM", "ENOSYS", "no such thing"), impossible=not_x86)
def foreign_vdso():
    """arch_prctl(ARCH_MAP_VDSO_32): the kernel maps 32-bit code with its own entry into the kernel."""
    if MACHINE != "x86_64":
        return stopped("no such thing on this processor")
    return in_child(lambda: reach("arch_prctl", 0x2002, 1))


@technique(stop=("EPERM", "ENOSYS", "no such thing"), impossible=not_x86)
def processor_features():
    """arch_prctl() beyond the thread pointer: AMX state, CPUID faulting, address tags, shadow stacks."""
    if MACHINE != "x86_64":
        return stopped("no such thing on this processor")
    return each(lambda code: in_child(lambda: reach("arch_prctl", code, 999)), 0x1023, 0x1012, 0x4002, 0x5001)


@technique(stop=("EPERM", "ENOSYS"))
def personality():
    """personality(): 32-bit system, readable means executable, no address randomisation."""

    def attack(persona):
        call("personality", persona)
        return through(f"personality({persona:#x})")

    return first_through(in_child(attack, persona) for persona in (0x0040000, 0x0400000, 8))
