"""Large or rarely used parts of the kernel: a call that is not needed is a hole that is not there."""

from ..probe import *
from ..technique import missing, technique


@technique(stop=("EPERM", "ENOSYS"))
def io_uring():
    """io_uring_setup(): a second way to make most system calls, past every filter (isolate 2.6; half of kernelCTF)."""
    parameters = ctypes.create_string_buffer(120)
    return through(f"ring {call('io_uring_setup', 4, parameters)}")


@technique(stop=("EPERM", "ENOSYS"))
def io_uring_of_others():
    """io_uring_enter() and io_uring_register() on a ring that was left open."""
    return any_of(lambda: reach("io_uring_enter", -1, 1, 0, 0, 0, 0), lambda: reach("io_uring_register", -1, 0, 0, 0))


@technique(stop=("EPERM", "ENOSYS"))
def bpf():
    """bpf(): programs in the kernel (CVE-2021-3490 and many more)."""
    return any_of(lambda: reach("bpf", 5, BAD, 48), lambda: reach("bpf", 0, BAD, 48))


@technique(stop=("EPERM", "ENOSYS", "EACCES"))
def performance_counters():
    """perf_event_open(): side channels, and holes of its own (CVE-2023-5717)."""
    return reach("perf_event_open", BAD, 0, -1, -1, 0)


@technique(stop=("EPERM", "ENOSYS"), impossible=missing("kexec_load"))
def another_kernel():
    """kexec_load() and kexec_file_load()."""
    return any_of(lambda: reach("kexec_load", 0, 1, BAD, 0xFFFF), lambda: reach("kexec_file_load", -1, -1, 0, BAD, 0xFFFF))


@technique(stop=("EPERM", "ENOSYS"), impossible=missing("finit_module"))
def kernel_modules():
    """init_module(), finit_module(), delete_module()."""
    return any_of(
        lambda: reach("init_module", BAD, 0, BAD),
        lambda: reach("finit_module", -1, BAD, 0xFFFF),
        lambda: reach("delete_module", BAD, 0x800),
    )


@technique(stop=("EPERM", "ENOSYS"))
def kernel_log():
    """syslog(): the kernel's messages, with addresses and what other processes crashed of."""
    return through(f"{call('syslog', 10, 0, 0)} bytes of the kernel's log")


@technique(stop=("EPERM", "ENOSYS"))
def process_accounting():
    """acct(): the kernel writes a record of every process of the host into a file of the attacker's."""
    return reach("acct", BAD)


@technique(stop=("EPERM", "ENOSYS"))
def reboot():
    """reboot(), with a magic number that is none."""
    return reach("reboot", 1, 2, 3, 0)


@technique(stop=("EPERM", "ENOSYS"), impossible=missing("iopl"))
def io_ports():
    """iopl() and ioperm(): hardware from user space. With a level and a range that do not exist."""
    return any_of(lambda: reach("iopl", 99), lambda: reach("ioperm", 1 << 20, 1, 1))


@technique(stop=("EPERM", "ENOSYS"), impossible=missing("modify_ldt"))
def local_descriptor_table():
    """modify_ldt(): segments for 16-bit code (CVE-2015-5157, CVE-2017-17053)."""
    return reach("modify_ldt", 1, BAD, 16)


@technique(stop=("EPERM", "ENOSYS"))
def quotas():
    """quotactl() and quotactl_fd()."""
    return any_of(lambda: reach("quotactl", 0x80000700, 0, 0, BAD), lambda: reach("quotactl_fd", -1, 0x80000700, 0, BAD))


@technique(stop=("EPERM", "ENOSYS"))
def hang_up():
    """vhangup(): the terminal of somebody else. In a session of its own, where it has none."""

    def attack():
        os.setsid()
        return reach("vhangup")

    return in_child(attack)


@technique(stop=("EPERM", "ENOSYS"))
def splice():
    """splice() from a read-only file into a pipe: its pages become writable by a flag (Dirty Pipe, CVE-2022-0847;
    CVE-2026-31431)."""
    reader, writer = os.pipe()
    return through(f"spliced {call('splice', os.open('/usr/bin/env', os.O_RDONLY), 0, writer, 0, 1, 0)} byte")


@technique(stop=("EPERM", "ENOSYS"))
def tee():
    """tee() between pipes: references to pages doubled without being counted (CVE-2019-11487)."""
    reader, writer = os.pipe()
    second = os.pipe()
    os.write(writer, b"x")
    return through(call("tee", reader, second[1], 1, 0))


@technique(stop=("EPERM", "ENOSYS"))
def vmsplice():
    """vmsplice(): one's own pages in a pipe, changed after somebody has checked them (CVE-2020-29374)."""
    reader, writer = os.pipe()
    text = ctypes.create_string_buffer(b"x")
    return through(call("vmsplice", writer, ctypes.c_char_p(struct.pack("QQ", ctypes.addressof(text), 1)), 1, 0))


@technique(stop=("EPERM", "ENOSYS"))
def sendfile():
    """sendfile(), which is splice() inside (row 33)."""
    reader, writer = os.pipe()
    return through(os.sendfile(writer, os.open("/usr/bin/env", os.O_RDONLY), 0, 1))


@technique(stop=("EPERM", "ENOSYS"))
def copy_file_range():
    """copy_file_range(), likewise."""
    with open("/tmp/from", "wb+") as source, open("/tmp/to", "wb+") as target:
        source.write(b"text")
        source.flush()
        return through(f"copied {call('copy_file_range', source.fileno(), 0, target.fileno(), 0, 4, 0)}")


@technique(stop=("EPERM", "ENOSYS"))
def sync_the_host():
    """sync() and syncfs(): every disk of the host has to write; the time it takes tells what others wrote."""
    return any_of(lambda: reach("syncfs", -1), lambda: through(call("sync")))


@technique(stop=("EPERM", "ENOSYS"))
def old_asynchronous_io():
    """io_setup() and io_submit(): kernel memory that is limited for the whole host (fs.aio-max-nr)."""
    return any_of(lambda: reach("io_setup", 1, BAD), lambda: reach("io_submit", 0, 1, BAD))


@technique(stop=("EPERM", "ENOSYS"))
def timers_by_user():
    """timer_create() and timerfd_create(): pending signals and timers are counted for a user, and that may be shared."""
    number = ctypes.c_int()
    return any_of(
        lambda: through(call("timer_create", 0, 0, ctypes.byref(number))), lambda: through(call("timerfd_create", 0, 0))
    )


@technique(stop=("EPERM", "ENOSYS"))
def signal_descriptors():
    """signalfd4(): signals as files, with a queue that is the user's."""
    return through(call("signalfd4", -1, ctypes.c_char_p(bytes(8)), 8, 0))


@technique(stop=("EPERM", "ENOSYS"))
def waiting_on_many_futexes():
    """futex_waitv(), futex_wait(), futex_requeue(): newer futex calls (CVE-2014-3153 was a requeue)."""
    return any_of(lambda: reach("futex_waitv", BAD, 1, 0, 0, 0), lambda: reach("futex_requeue", BAD, 0, 1, 1))


@technique(stop=("EPERM", "ENOSYS"), impossible=missing("landlock_create_ruleset"))
def landlock_by_the_script():
    """landlock_create_ruleset(), landlock_add_rule(): the script's own layers on top, up to the kernel's maximum."""
    return any_of(
        lambda: reach("landlock_create_ruleset", BAD, 8, 0xFF), lambda: reach("landlock_restrict_self", -1, 0)
    )


@technique(stop=("ENOSYS", "EPERM"), impossible=missing("lsm_list_modules"))
def security_modules():
    """lsm_get_self_attr(), lsm_set_self_attr(), lsm_list_modules() (Linux 6.8)."""
    return any_of(lambda: reach("lsm_list_modules", BAD, BAD, 0xFF), lambda: reach("lsm_set_self_attr", 100, BAD, 8, 0xFF))


@technique(stop=("ENOSYS", "EPERM"), impossible=missing("open_tree_attr"))
def the_newest_calls():
    """open_tree_attr() and whatever comes after the filter was written: the default has to be no."""
    known = attempt("open_tree_attr", -1, BAD, 0xFFFFFFF, BAD, 0)[1]
    if known not in REFUSALS:
        return through(f"open_tree_attr() reached the kernel: {known}")
    errors = {attempt(number, -1, BAD, BAD, BAD, BAD)[1] for number in range(470, 600)}
    return stopped(f"{known} from open_tree_attr()") if errors <= set(REFUSALS) else through(errors)


@technique(stop=("EPERM", "ENOSYS"))
def forgotten_calls():
    """uselib(), ustat(), sysfs(), lookup_dcookie(), nfsservctl(): old calls that nobody reads any more."""
    names = ("ustat", "sysfs", "uselib", "lookup_dcookie", "_sysctl", "create_module", "query_module", "nfsservctl")
    return each(lambda name: reach(name, 99, BAD, BAD), *names)


@technique(stop=("EPERM", "ENOSYS"))
def epoll_with_new_timeouts():
    """epoll_pwait2() and other recent twins of permitted calls, which a list by meaning forgets."""
    return any_of(
        lambda: reach("epoll_pwait2", -1, BAD, 1, BAD, 0, 0),
        lambda: reach("fchmodat2", HERE, BAD, 0, 0),
        lambda: reach("preadv2", -1, BAD, 1, 0, 0, 0),
        lambda: reach("pwritev2", -1, BAD, 1, 0, 0, 0),
    )


@technique(stop="only the table's calls", control={"last": 200, "most": 100})
def every_number(last=600, most=140):
    """Every number there is, with arguments that cannot work: which calls reach the kernel? At most 140 may."""
    blocking = {"x86_64": (15, 34, 56, 57, 58, 59, 60, 231), "aarch64": (93, 94, 139, 220, 221)}[MACHINE]
    reached, start = list(blocking), 0
    while start < last:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            for number in range(start, last):
                os.write(writer, b"a%d " % number)
                if number not in blocking:
                    signal.alarm(1)
                    if attempt(number, -1, -1, -1, -1, -1, -1)[1] not in REFUSALS:
                        os.write(writer, b"r%d " % number)
            os._exit(0)
        os.close(writer)
        words = b""
        while part := os.read(reader, 65536):
            words += part
        os.close(reader)
        os.waitpid(pid, 0)
        tried = [int(word[1:]) for word in words.split() if word.startswith(b"a")]
        reached += [int(word[1:]) for word in words.split() if word.startswith(b"r")]
        start = tried[-1] + 1
        if start < last:
            reached.append(tried[-1])  # the caller ended in it
    return stopped("only the table's calls") if len(reached) <= most else through(f"{len(reached)}: {sorted(reached)}")
