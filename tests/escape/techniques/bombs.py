"""Bombs: each goes on until something stops it, or until it has made `most`, which is how the controls run it. What is
asked of them is to be contained: the run ends by its limits, neighbours go on, and afterwards all is as before."""

from ..probe import *
from ..technique import bomb


@bomb(control=20)
def processes(most):
    """fork() for ever, children forking too."""
    made = 0
    while made < most:
        if os.fork() == 0:
            while most == float("inf"):
                try:
                    os.fork()
                except OSError:
                    pass
            time.sleep(30)
        made += 1
    return made


@bomb(control=20)
def processes_in_sessions(most):
    """Double forks in sessions and groups of their own, signals ignored: what a kill by group or by parent misses."""
    made = 0
    while made < most:
        if os.fork() == 0:
            os.setsid()
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            if os.fork() == 0:
                time.sleep(30)
            os._exit(0)
        made += 1
    return made


@bomb(control=50)
def processes_that_run_away(most):
    """A process that forks and ends at once, over and over: never the same number twice for whoever wants to kill it."""
    made = 0
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        while made < most:
            if os.fork():
                os._exit(0)
            made += 1
        os.write(writer, b"%d" % made)
        os._exit(0)
    return int(os.read(reader, 20))


@bomb(control=20)
def programs(most):
    """Programs started as fast as it goes, none waited for."""
    import subprocess

    made, held = 0, []
    while made < most:
        held.append(subprocess.Popen(["/bin/sleep", "30"]))
        made += 1
    return made


@bomb(control=50)
def threads(most):
    """Threads, each with a stack."""
    import threading

    made = 0
    while made < most:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        made += 1
    return made


@bomb(control=30)
def zombies(most):
    """Children that end and are never waited for."""
    made = 0
    while made < most:
        try:
            if os.fork() == 0:
                os._exit(0)
        except OSError:
            if most != float("inf"):
                raise
        made += 1
    return made


@bomb(control=10)
def stopped_processes(most):
    """Children that stop themselves by SIGSTOP and hold memory meanwhile."""
    made = 0
    while made < most:
        if os.fork() == 0:
            held = bytearray(1 << 20)
            os.kill(os.getpid(), signal.SIGSTOP)
            held.clear()
        made += 1
    time.sleep(1)
    return made


@bomb(control=20)
def memory(most):
    """Private memory, each page touched."""
    made, held = 0, []
    while made < most:
        held.append(b"x" * (1 << 20))
        made += 1
    return made


@bomb(control=4)
def memory_in_many_processes(most):
    """The same in many processes, each of them small."""
    made = 0
    while made < most:
        if os.fork() == 0:
            held = b"x" * (24 << 20)
            time.sleep(30)
            del held
        made += 1
        time.sleep(0.01)
    return made


@bomb(control=20)
def shared_memory(most):
    """Shared anonymous mappings, which belong to no file and no single process."""
    made, held = 0, []
    while made < most:
        area = mmap.mmap(-1, 1 << 20)
        area.write(b"x" * (1 << 20))
        held.append(area)
        made += 1
    return made


@bomb(control=64)
def page_tables(most):
    """One byte read in every two megabytes of a vast reservation: the memory is in the page tables."""
    area = mmap.mmap(-1, 1 << 44 if most == float("inf") else 1 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)
    made = 0
    while made < most:
        if area[made << 21]:
            break
        made += 1
    return made


@bomb(control=200)
def mappings(most):
    """Mappings of a page each, with different rights so that they do not merge."""
    made, held = 0, []
    while made < most:
        held.append(mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 1 + 2 * (made & 1)))
        made += 1
    return made


@bomb(control=100)
def faults(most):
    """Pages thrown away and touched again, in several threads: the kernel's memory locks and processor interrupts."""
    import threading

    area = mmap.mmap(-1, 1 << 22, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    made = [0]

    def work():
        while made[0] < most:
            for offset in range(0, 1 << 22, 4096):
                area[offset] = 1
            area.madvise(mmap.MADV_DONTNEED)
            made[0] += 1

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return made[0]


@bomb(control=8)
def posted_input_grown(most):
    """The file behind descriptor 0 grown, megabyte by megabyte: it lies in no directory that a quota holds."""
    made = 0
    fd = 0 if stat.S_ISREG(os.fstat(0).st_mode) else os.open("/tmp/input", os.O_RDWR | os.O_CREAT)
    while made < most:
        os.pwrite(fd, bytes(1 << 20), made << 20)
        made += 1
    return made


@bomb(control=8)
def disk(most):
    """The private directory filled to its last byte."""
    made = 0
    while made < most:
        with open(f"/tmp/{made}", "wb") as file:
            file.write(bytes(1 << 20))
        made += 1
    return made


@bomb(control=8)
def disk_without_names(most):
    """The same in files that are unlinked while they are open: no directory shows them (row 17)."""
    made, held = 0, []
    while made < most:
        held.append(open("/tmp/file", "wb"))
        os.unlink("/tmp/file")
        held[-1].write(bytes(1 << 20))
        made += 1
    return made


@bomb(control=200)
def inodes(most):
    """Empty files."""
    made = 0
    while made < most:
        os.close(os.open(f"/tmp/{made}", os.O_CREAT | os.O_WRONLY))
        made += 1
    return made


@bomb(control=200)
def deep_directories(most):
    """Directories within directories, deeper than any path is long (snekbox#173): who removes them by recursion falls."""
    made = 0
    while made < most:
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
        made += 1
    return made


@bomb(control=500)
def links(most):
    """Hard links to one file: no inode is used, but memory is."""
    open("/tmp/one", "w").close()
    made = 0
    while made < most:
        os.link("/tmp/one", f"/tmp/{made:0200d}")
        made += 1
    return made


@bomb(control=10)
def sparse_files(most):
    """Files of the greatest size that there is, with nothing in them, and reserved space with nothing in it."""
    made = 0
    while made < most:
        fd = os.open(f"/tmp/{made}", os.O_CREAT | os.O_RDWR)
        os.ftruncate(fd, 1 << 25)
        os.posix_fallocate(fd, 0, 1 << 22)
        os.close(fd)
        made += 1
    return made


@bomb(control=2000)
def names_that_do_not_exist(most):
    """stat() of names that are nowhere: the kernel remembers each that it did not find."""
    made = 0
    while made < most:
        os.path.exists(f"/usr/{made:0240d}")
        made += 1
    return made


@bomb(control=100)
def descriptors(most):
    """Open files in many processes."""
    made, held = 0, []
    while made < most:
        try:
            held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            if most != float("inf"):
                raise
            if os.fork():
                time.sleep(30)
            held.clear()
            os.closerange(3, 4096)
        made += 1
    return made


@bomb(control=50)
def pipe_buffers(most):
    """Pipes filled to the brim, in many processes: kernel memory that belongs to nobody."""
    made = 0
    while made < most:
        try:
            reader, writer = os.pipe()
        except OSError:
            if most != float("inf"):
                raise
            if os.fork():
                time.sleep(30)
            os.closerange(3, 4096)
            continue
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, bytes(65536))
        except BlockingIOError:
            made += 1
    return made


@bomb(control=50)
def socket_buffers(most):
    """Socket pairs filled in both directions."""
    made, held = 0, []
    while made < most:
        pair = socket.socketpair()
        for end in pair:
            end.setblocking(False)
            try:
                while True:
                    end.send(bytes(65536))
            except BlockingIOError:
                pass
        held.append(pair)
        made += 1
    return made


@bomb(control=100)
def descriptors_in_flight(most):
    """Descriptors sent by SCM_RIGHTS and never received, packed into each other: counted for a user (row 10)."""
    made, held = 0, []
    own, peer = socket.socketpair()
    own.setblocking(False)
    while made < most:
        try:
            socket.send_fds(own, [b"x"], [own.fileno(), peer.fileno()])
        except OSError:
            if most != float("inf"):
                raise
            held.append((own, peer))
            own, peer = socket.socketpair()
            own.setblocking(False)
        made += 1
    return made


@bomb(control=100)
def nested_epolls(most):
    """epoll descriptors that watch each other, and thousands of watches: the depth of wake-ups, and a limit that is the
    user's (fs.epoll.max_user_watches)."""
    made, held = 0, []
    last = select.epoll()
    while made < most:
        ring = select.epoll()
        held.append(ring)
        for other in held[-100:-1]:
            try:
                ring.register(other.fileno(), select.EPOLLIN)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.EINVAL):
                    raise
        ring.register(last.fileno() if made % 4 else os.pipe()[0], select.EPOLLIN)
        made += 1
    return made


@bomb(control=500)
def record_locks(most):
    """A lock on every second byte of a file: one object of the kernel's for each."""
    fd = os.open("/tmp/locked", os.O_RDWR | os.O_CREAT)
    made = 0
    while made < most:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, made * 2)
        made += 1
    return made


@bomb(control=200)
def signals(most):
    """Two processes that signal each other without end, with handlers, and queues of real-time signals."""
    made = 0
    for number in (signal.SIGUSR1, 34, 35, 36):
        signal.signal(number, lambda *_: None)
    parent, pid = os.getpid(), os.fork()
    while made < most:
        for number in (signal.SIGUSR1, 34, 35, 36):
            os.kill(parent if pid == 0 else pid, number)
        made += 1
    if pid == 0:
        os._exit(0)
    return made


@bomb(control=50)
def timers(most):
    """An interval timer that fires every microsecond, in many processes."""
    made = [0]

    def count(*_):
        made[0] += 1

    signal.signal(signal.SIGALRM, count)
    if most == float("inf"):
        for _ in range(20):
            if os.fork() == 0:
                break
    every = 0.000001 if most == float("inf") else 0.001
    signal.setitimer(signal.ITIMER_REAL, every, every)
    while made[0] < most:
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    return made[0]


@bomb(control=100000)
def processor(most):
    """A loop with all signals blocked."""
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    made = 0
    while made < most:
        made += 1
    return made


@bomb(control=4)
def processor_in_many_processes(most):
    """A loop in a hundred processes, which all yield as often as they can."""
    made = 0
    while made < min(most, 100):
        if os.fork() == 0:
            while True:
                os.sched_yield()
        made += 1
    while made < most:
        made += 1
    return made


@bomb(control=3)
def processor_in_c(most):
    """One call into C that does not come back for minutes."""
    made = 0
    while made < most:
        pow(3, 10**5 if most != float("inf") else 10**8)
        made += 1
    return made


@bomb(control=20)
def output(most):
    """stdout and stderr as fast as the pipes take it, without one newline."""
    made = 0
    while made < most:
        os.write(1, b"x" * 65536)
        os.write(2, b"y" * 65536)
        made += 1
    return made


@bomb(control=1000)
def output_by_bytes(most):
    """stdout byte by byte, unbuffered, in four processes: a wake-up of the reader for each."""
    made = 0
    if most == float("inf"):
        os.fork()
        os.fork()
    while made < most:
        os.write(1, b"x")
        made += 1
    return made


@bomb(control=3)
def random_bytes(most):
    """getrandom() and /dev/urandom in large pieces: locks of the whole machine's."""
    made = 0
    while made < most:
        os.urandom(1 << 22)
        with open("/dev/urandom", "rb", buffering=0) as device:
            device.read(1 << 22)
        made += 1
    return made


@bomb(control=50)
def threads_on_one_futex(most):
    """Threads that wake each other by the thousand."""
    import threading

    condition, made = threading.Condition(), [0]

    def work():
        while made[0] < most:
            with condition:
                made[0] += 1
                condition.notify_all()
                condition.wait(0.01)

    workers = [threading.Thread(target=work) for _ in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return made[0]


@bomb(control=3)
def objects_of_python(most):
    """A list within a list, very deep, freed at once; and an integer of a hundred million digits."""
    made = 0
    while made < min(most, 10):
        deep = []
        for _ in range(300000):
            deep = [deep]
        del deep
        made += 1
    if most == float("inf"):
        return len(str(1 << (1 << 28)))
    return made
