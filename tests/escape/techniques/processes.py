"""Every way to another process."""

from ..probe import *
from ..technique import missing, technique


@technique(stop="ESRCH for everybody", options={"alone": True}, visible_without_namespaces="process numbers")
def signal_others():
    """kill() of every process number: hosts' and neighbours'. Signal 0, which asks for permission only."""
    seen = 0
    for pid in others():
        result, error = attempt("kill", pid, 0)
        if result == 0:
            return through(f"process {pid} may be killed")
        seen += error != "ESRCH"
    return visible(f"{seen} are in use, none may be signalled") if seen else stopped("ESRCH for everybody")


@technique(stop="ESRCH", visible_without_namespaces="process numbers")
def signal_everybody():
    """kill(-1): everything that the user may signal, the way a sandbox without a process namespace dies with others."""
    os.kill(-1, 0)  # says yes as soon as anybody is there, also when each of them refused it
    for pid in others():
        if attempt("kill", pid, 0)[0] == 0:
            return through(f"process {pid} may be killed")
    return visible("somebody is there, nobody may be signalled")


@technique(stop="ESRCH for every group", visible_without_namespaces="process numbers")
def signal_groups():
    """kill() of process groups that are not one's own."""
    seen = 0
    for group in others():
        if group == os.getpgrp():
            continue
        result, error = attempt("kill", -group, 0)
        if result == 0:
            return through(f"group {group} may be killed")
        seen += error != "ESRCH"
    return visible(f"{seen} groups are there, none may be signalled") if seen else stopped("ESRCH for every group")


@technique(stop=("still there", "EPERM"), control={"target": 2}, options={"alone": True})
def kill_the_first_process(target=1):
    """SIGKILL, SIGSTOP and SIGSEGV to process 1: with the init the sandbox's namespaces and its watchers would go."""
    for number in (signal.SIGSEGV, signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        os.kill(target, number)
    for _ in range(50):
        time.sleep(0.01)
        try:
            os.kill(target, 0)
            os.waitpid(-1, os.WNOHANG)
        except ProcessLookupError:
            return through(f"process {target} is dead")
        except ChildProcessError:
            pass
        if os.path.exists(f"/proc/{target}/stat") and ") Z " in open(f"/proc/{target}/stat").read():
            return through(f"process {target} is dead")
    return stopped("still there")


@technique(stop="ESRCH for everybody", visible_without_namespaces="process numbers")
def sessions_of_others():
    """getsid() and getpgid() of every number tell which processes exist, without any permission (row 38)."""
    seen = 0
    for pid in others():
        if attempt("getsid", pid)[1] != "ESRCH" or attempt("getpgid", pid)[1] != "ESRCH":
            seen += 1
            if attempt("kill", pid, 0)[0] == 0:
                return through(f"process {pid} is there and may be killed")
    return visible(f"{seen} are in use, none may be signalled") if seen else stopped("ESRCH for everybody")


@technique(stop=("ESRCH", "EPERM"))
def scheduling_of_others_seen():
    """sched_getscheduler(), getpriority() and ioprio_get() of every number: the same question by other calls."""
    for name in ("sched_getscheduler", "getpriority", "ioprio_get"):
        for pid in others(last=5000):
            arguments = {"sched_getscheduler": (pid,), "getpriority": (0, pid), "ioprio_get": (1, pid)}[name]
            error = attempt(name, *arguments)[1]
            if error in ("EPERM", "ENOSYS"):
                break
            if error != "ESRCH":
                return through(f"process {pid} is there, says {name}()")
    return stopped(f"{error} from {name}()")


@technique(stop=("EINVAL for everybody", "EPERM for everybody"))
def clocks_of_others():
    """clock_gettime() on the CPU clock of another process: what a neighbour computes, as a side channel."""
    buffer = ctypes.create_string_buffer(16)
    errors = set()
    for pid in others():
        errors.add(attempt("clock_gettime", ~pid << 3 | 2, buffer)[1])
        if not errors <= {"EINVAL", "EPERM"}:
            return through(f"CPU time of process {pid}")
    return stopped(f"{max(errors)} for everybody")


@technique(stop="EPERM")
def trace():
    """ptrace(PTRACE_SEIZE): another process' registers and memory."""

    def attack(pid):
        call("ptrace", 0x4206, pid, 0, 0)
        return through("traces another process")

    return with_child(attack)


@technique(stop="EPERM")
def ask_to_be_traced():
    """ptrace(PTRACE_TRACEME): a child whose parent rewrites its system calls behind an older kernel's filter."""

    def attack():
        call("ptrace", 0, 0, 0, 0)
        return through("is traced")

    return in_child(attack)


@technique(stop="EPERM")
def read_memory():
    """process_vm_readv() of another process."""
    target = ctypes.create_string_buffer(b"secret")

    def attack(pid):
        got = ctypes.create_string_buffer(6)
        local = struct.pack("QQ", ctypes.addressof(got), 6)
        remote = struct.pack("QQ", ctypes.addressof(target), 6)
        call("process_vm_readv", pid, ctypes.c_char_p(local), 1, ctypes.c_char_p(remote), 1, 0)
        return through(got.raw)

    return with_child(attack)


@technique(stop="EPERM")
def write_memory():
    """process_vm_writev() into another process."""
    target = ctypes.create_string_buffer(b"secret")

    def attack(pid):
        text = ctypes.create_string_buffer(b"change")
        local = struct.pack("QQ", ctypes.addressof(text), 6)
        remote = struct.pack("QQ", ctypes.addressof(target), 6)
        return through(call("process_vm_writev", pid, ctypes.c_char_p(local), 1, ctypes.c_char_p(remote), 1, 0))

    return with_child(attack)


@technique(stop="EPERM")
def open_a_pidfd():
    """pidfd_open(): a handle that outlives the process' number."""
    return with_child(lambda pid: through(call("pidfd_open", pid, 0)))


@technique(stop="EPERM")
def steal_a_descriptor():
    """pidfd_getfd(): a copy of another process' descriptor, by the pidfd that clone() hands out."""
    number = ctypes.c_int(-1)
    pid = call("clone", 0x1000 | signal.SIGCHLD, 0, ctypes.byref(number))
    if pid == 0:
        time.sleep(5)
        os._exit(0)
    try:
        return through(f"descriptor {call('pidfd_getfd', number.value, 0, 0)}")
    finally:
        end_child(pid)


@technique(stop="EPERM")
def signal_by_pidfd():
    """pidfd_send_signal() on a pidfd from clone(CLONE_PIDFD): a kill() that no filter of kill() sees."""
    number = ctypes.c_int(-1)
    pid = call("clone", 0x1000 | signal.SIGCHLD, 0, ctypes.byref(number))
    if pid == 0:
        time.sleep(5)
        os._exit(0)
    try:
        call("pidfd_send_signal", number.value, 0, 0, 0)
        return through("sent")
    finally:
        end_child(pid)


@technique(stop="EPERM")
def advise_on_memory_of_others():
    """process_madvise(): another process' pages thrown out."""
    return reach("process_madvise", -1, BAD, 1, 20, 0)


@technique(stop="EPERM", impossible=missing("process_mrelease"))
def reap_memory_of_others():
    """process_mrelease(): a dying process' memory freed under it."""
    return reach("process_mrelease", -1, 0)


@technique(stop="EPERM", impossible=missing("kcmp"))
def compare_kernel_objects():
    """kcmp(): orders kernel pointers of two processes, which tells what they share."""
    return with_child(lambda pid: through(call("kcmp", os.getpid(), pid, 2, 0, 0)))


@technique(stop="EPERM")
def forged_signal_information():
    """rt_sigqueueinfo() and rt_tgsigqueueinfo() with an invented sender and fault address."""

    def attack():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        information = struct.pack("iii4xiI", signal.SIGUSR1, 0, -1, 1, 0).ljust(128, b"\0")
        return any_of(
            lambda: through(call("rt_sigqueueinfo", os.getpid(), signal.SIGUSR1, ctypes.c_char_p(information))),
            lambda: through(call("rt_tgsigqueueinfo", os.getpid(), os.getpid(), signal.SIGUSR1, ctypes.c_char_p(information))),
        )

    return in_child(attack)


@technique(stop="EPERM")
def tkill():
    """tkill(), the forgotten kill()."""
    return reach("tkill", os.getpid(), 0)


@technique(stop="EPERM")
def signals_by_owner():
    """fcntl(F_SETOWN, F_SETSIG): the kernel sends signals of choice to a process of choice (Landlock learned of this
    in ABI 6 only)."""
    reader, writer = os.pipe()
    return any_of(
        lambda: through(fcntl.fcntl(reader, fcntl.F_SETOWN, os.getpid())),
        lambda: through(fcntl.fcntl(reader, fcntl.F_SETSIG, signal.SIGUSR1)),
        lambda: through(fcntl.fcntl(reader, 15, struct.pack("ii", 1, os.getpid()))),  # F_SETOWN_EX
    )


@technique(stop="EPERM")
def signals_by_ioctl():
    """ioctl(FIOSETOWN, SIOCSPGRP, FIOASYNC): the same on sockets."""
    own, peer = socket.socketpair()
    group = struct.pack("i", os.getpid())
    return any_of(
        lambda: through(fcntl.ioctl(own, 0x8901, group)),
        lambda: through(fcntl.ioctl(own, 0x8902, group)),
        lambda: through(fcntl.ioctl(own, 0x5452, struct.pack("i", 1))),
    )


@technique(stop="EPERM")
def robust_lists_of_others():
    """get_robust_list(): an address inside another process."""
    head, length = ctypes.c_void_p(), ctypes.c_size_t()
    return with_child(lambda pid: through(call("get_robust_list", pid, ctypes.byref(head), ctypes.byref(length))))


@technique(stop=("EPERM", "ESRCH"), control={"own": True})
def move_others_to_a_group(own=False):
    """setpgid() and setsid() games: taking somebody else's process into one's own group, to signal it there."""
    for pid in others(last=2000):
        result, error = attempt("setpgid", pid, 0)
        if error not in ("ESRCH", "EPERM", "EINVAL"):  # EINVAL: the number is a thread's
            return through(f"process {pid}: {error}")
    if not own:
        return stopped("ESRCH for everybody")

    def attack(pid):
        os.setpgid(pid, pid)
        return through("a child's group was changed")

    return with_child(attack)


@technique(stop=("ECHILD", "EPERM"), options={"alone": True}, control={"orphan": True})
def wait_for_children_of_others(orphan=False):
    """wait4() and waitid() for children that the process inherited from whoever made it: exit statuses of others."""
    if orphan:
        os.fork() or os._exit(7)
    result, error = attempt("waitid", 0, 0, 0, 4 | 0x40000000, 0)  # P_ALL, WEXITED | __WALL
    return through("somebody's status") if not error else stopped(f"{error} from waitid()")
