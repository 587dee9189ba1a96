"""prctl() and seccomp(): changing what the process is, from the inside."""

from ..probe import *
from ..technique import technique


@technique(stop=("EPERM", "EINVAL"))
def filter_with_a_listener():
    """seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER): an own filter whose verdicts come before and beside ours; an
    unanswered notification stops a setuid child for ever."""

    def attack():
        code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
        program = struct.pack("H6xQ", 1, ctypes.addressof(code))
        call("prctl", 38, 1, 0, 0, 0) if attempt("prctl", 39, 0, 0, 0, 0)[0] == 0 else None
        return through(f"listener {call('seccomp', 1, 8, ctypes.c_char_p(program))}")

    return in_child(attack)


@technique(stop=("EPERM", "EINVAL"))
def filter_by_prctl():
    """prctl(PR_SET_SECCOMP, FILTER): thousands of filters stacked make every call of the watchers' wait."""

    def attack():
        code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
        program = struct.pack("H6xQ", 1, ctypes.addressof(code))
        call("prctl", 22, 2, ctypes.c_char_p(program), 0, 0)
        return through("a filter by prctl()")

    return in_child(attack)


@technique(stop=("EPERM", "EINVAL"))
def strict_mode():
    """prctl(PR_SET_SECCOMP, STRICT) and seccomp(SET_MODE_STRICT): asks to swap the filter for the oldest mode."""

    return in_child(lambda: any_of(lambda: reach("seccomp", 0, 0xFF, BAD), lambda: reach("prctl", 22, 99, 0, 0, 0)))


@technique(stop="EPERM")
def filter_survives_exec():
    """A fresh program, which knows nothing of its jail: is the filter still there after execve()?"""
    import subprocess

    code = (
        "import ctypes, os, sys; libc = ctypes.CDLL(None, use_errno=True);"
        "sys.exit(0 if libc.unshare(0) == 0 else ctypes.get_errno())"
    )
    status = subprocess.run([sys.executable, "-I", "-S", "-c", code]).returncode
    return through("unshare() works after execve()") if status == 0 else stopped(f"{name_of(status)} after execve()")


@technique(stop="EPERM")
def filter_in_threads():
    """A new thread: it has the filter from its birth, and cannot be one that was there before."""
    import threading

    found = []

    def look():
        found.append(attempt("unshare", 0)[1])

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return stopped(f"{found[0]} in a thread") if found[0] else through("unshare() works in a thread")


@technique(stop="no_new_privs is set")
def no_new_privileges():
    """Without PR_SET_NO_NEW_PRIVS a setuid program would be the way out."""
    if attempt("prctl", 39, 0, 0, 0, 0)[0] == 1:
        return stopped("no_new_privs is set")
    return through("no_new_privs is not set")


@technique(stop="EPERM")
def dumpable():
    """prctl(PR_SET_DUMPABLE): lets others of the same uid look in, and cores be written."""
    return in_child(lambda: through(call("prctl", 4, 1, 0, 0, 0)))


@technique(stop="EPERM")
def permitted_tracer():
    """prctl(PR_SET_PTRACER): permission to be traced by anybody."""
    return in_child(lambda: reach("prctl", 0x59616D61, -1, 0, 0, 0))


@technique(stop="EPERM")
def subreaper():
    """prctl(PR_SET_CHILD_SUBREAPER): orphans come to the script instead of the init that counts them."""
    return in_child(lambda: through(call("prctl", 36, 1, 0, 0, 0)))


@technique(stop="EPERM")
def memory_map_fields():
    """prctl(PR_SET_MM): the kernel's notes about one's own memory, /proc/self/exe among them, rewritten."""
    return in_child(lambda: reach("prctl", 35, 99, 0, 0, 1))


@technique(stop="EPERM")
def keep_capabilities():
    """prctl(PR_SET_KEEPCAPS), PR_SET_SECUREBITS: rules of what a change of uid takes away."""
    return in_child(lambda: any_of(lambda: reach("prctl", 8, 1, 0, 0, 0), lambda: reach("prctl", 28, 0, 0, 0, 0)))


@technique(stop="EPERM")
def ambient_capabilities():
    """prctl(PR_CAP_AMBIENT_RAISE): capabilities that survive execve(). Of a capability that does not exist."""
    return in_child(lambda: reach("prctl", 47, 2, 99, 0, 0))


@technique(stop="EPERM")
def drop_from_the_bounding_set():
    """prctl(PR_CAPBSET_DROP): tells, by succeeding, that CAP_SETPCAP is there."""
    return in_child(lambda: through(call("prctl", 24, 40, 0, 0, 0)))


@technique(stop="EPERM")
def core_scheduling():
    """prctl(PR_SCHED_CORE): who may share a processor core with whom."""
    return in_child(lambda: reach("prctl", 62, 99, 0, 0, 0))


@technique(stop="EPERM")
def dispatch_of_system_calls():
    """prctl(PR_SET_SYSCALL_USER_DISPATCH): own handlers for system calls, before the filter looks."""
    return in_child(lambda: reach("prctl", 59, 99, 0, 0, 0))


@technique(stop="EPERM")
def speculation():
    """prctl(PR_SET_SPECULATION_CTRL): Spectre's protections switched off for oneself, to attack others."""
    return in_child(lambda: reach("prctl", 53, 99, 0, 0, 0))


@technique(stop="EPERM")
def merge_all_memory():
    """prctl(PR_SET_MEMORY_MERGE) (Linux 6.4): page deduplication for the whole process, by another call."""
    return in_child(lambda: reach("prctl", 67, 99, 0, 0, 0))


@technique(stop="EPERM")
def io_flusher():
    """prctl(PR_SET_IO_FLUSHER) and PR_TASK_PERF_EVENTS_DISABLE, PR_MCE_KILL: other switches of the kernel's."""
    return each(lambda option: in_child(lambda: reach("prctl", option, 99, 99, 99, 99)), 57, 33, 41)


@technique(stop="EPERM")
def timer_slack():
    """prctl(PR_SET_TIMERSLACK): the most exact timers there are, for side channels."""
    return in_child(lambda: through(call("prctl", 29, 1, 0, 0, 0)))


@technique(stop="EPERM")
def name_of_a_mapping():
    """prctl(PR_SET_VMA): names for memory, kept and counted by the kernel."""
    return in_child(lambda: reach("prctl", 0x53564D41, 0, 1, 0, 0))


@technique(stop="EPERM")
def every_prctl():
    """Every option from 1 to 80 with impossible arguments, but for the seven that are named in the table."""
    named = {1, 3, 15, 16, 21, 23, 39}

    def attack(option):
        verdict = reach("prctl", option, -1, -1, -1, -1)
        if verdict["got_through"]:
            return through(f"option {option}: {verdict['evidence']}")
        return verdict

    return in_child(lambda: each(attack, *(option for option in range(2, 80) if option not in named)))
