"""Scheduling, priorities, limits and clocks: one's own and others'."""

from ..probe import *
from ..technique import technique


@technique(stop=("EPERM", "EACCES"))
def priority_of_others():
    """setpriority() of another process, of a group and of a user."""

    def attack(which, who):
        os.setpriority(which, who, 19)
        return through(f"setpriority({which}, {who})")

    return with_child(
        lambda pid: any_of(lambda: attack(0, pid), lambda: attack(1, os.getpgrp()), lambda: attack(2, os.getuid()))
    )


@technique(stop=("EPERM", "EACCES"))
def better_priority():
    """setpriority() below the present value: ahead of the neighbours."""
    return in_child(lambda: os.setpriority(0, 0, os.getpriority(0, 0) - 1) or through("a better priority"))


@technique(stop=("EPERM", "EACCES"))
def real_time():
    """sched_setscheduler(FIFO): a processor for oneself alone."""
    return in_child(lambda: through(call("sched_setscheduler", 0, 1, ctypes.c_char_p(struct.pack("i", 1)))))


@technique(stop="EPERM")
def scheduler_of_others():
    """sched_setscheduler() and sched_setparam() of another process (row 29)."""
    zero = ctypes.c_char_p(struct.pack("i", 0))
    return with_child(
        lambda pid: any_of(
            lambda: through(call("sched_setscheduler", pid, 3, zero)), lambda: through(call("sched_setparam", pid, zero))
        )
    )


@technique(stop="EPERM")
def deadline_scheduling():
    """sched_setattr(): deadlines, and attributes in memory where no filter looks."""
    return reach("sched_setattr", 0, BAD, 0)


@technique(stop="EPERM")
def affinity_of_others():
    """sched_setaffinity() of another process (row 29)."""
    return with_child(lambda pid: os.sched_setaffinity(pid, os.sched_getaffinity(0)) or through("moved another process"))


@technique(stop="EPERM")
def io_priority():
    """ioprio_set() of oneself and of others (row 29)."""
    return with_child(
        lambda pid: any_of(
            lambda: through(call("ioprio_set", 1, pid, 2 << 13)),
            lambda: through(call("ioprio_set", 3, os.getuid(), 2 << 13)),
        )
    )


@technique(stop="EPERM")
def limits_of_others():
    """prlimit() of another process (row 29): its open files set to none."""
    import resource

    return with_child(lambda pid: through(resource.prlimit(pid, resource.RLIMIT_NOFILE)))


@technique(stop=("EPERM", "ValueError"))
def raise_limits():
    """setrlimit() above the hard limit, for every resource."""
    import resource

    names = ("NPROC", "NOFILE", "FSIZE", "CPU", "CORE", "MEMLOCK", "SIGPENDING", "STACK", "NICE", "RTPRIO")

    def attack(name):
        number = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(number)[1]
        if hard == resource.RLIM_INFINITY:
            return through(f"{name} has no limit")
        try:
            resource.setrlimit(number, (hard, hard + 1))
        except ValueError as error:
            return stopped(f"ValueError: {error}")
        return through(f"{name} was raised")

    return first_through(in_child(attack, name) for name in names)


@technique(stop="EPERM")
def set_the_clock():
    """settimeofday() and clock_settime(): the host's time. With bad pointers."""
    return any_of(lambda: reach("settimeofday", BAD, BAD), lambda: reach("clock_settime", 0, BAD))


@technique(stop="EPERM")
def slew_the_clock():
    """adjtimex() and clock_adjtime(): the host's clock, faster or slower; also a message to others in its fields."""
    return any_of(lambda: reach("adjtimex", BAD), lambda: reach("clock_adjtime", 0, BAD))


def without_alarm_clock():
    """clock_nanosleep(CLOCK_BOOTTIME_ALARM) says EOPNOTSUPP where the machine has no such clock."""
    number = {"x86_64": 230, "aarch64": 115}[MACHINE]
    error = attempt(number, 9, 0, ctypes.create_string_buffer(struct.pack("QQ", 0, 1), 16), 0)[1]
    return "this machine has no clock with an alarm" if error == "ENOTSUP" else ""


@technique(stop=("EPERM", "EINVAL", "ENOTSUP"), impossible=without_alarm_clock)
def alarms_that_wake_the_host():
    """clock_nanosleep(CLOCK_BOOTTIME_ALARM): wakes the machine from suspension."""
    buffer = ctypes.create_string_buffer(struct.pack("QQ", 0, 1), 16)

    call("clock_nanosleep", 9, 0, buffer, 0)
    return through("CLOCK_BOOTTIME_ALARM")
