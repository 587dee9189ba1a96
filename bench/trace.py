"""Where the time of a request goes: the service's system calls, page faults, forks and exits as the kernel's own tracer
(tracefs) saw them, at some hundred nanoseconds an event, cut into the steps of a request."""

import os
import re
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from . import processes, stats
from .peers import BenchError

INSTANCES = Path("/sys/kernel/tracing/instances")
EVENTS = ("raw_syscalls", "sched/sched_process_fork", "sched/sched_process_exit", "exceptions/page_fault_user")
LINE = re.compile(r"^\s*(?P<comm>.+)-(?P<pid>\d+)\s+\[\d+\]\s+\S+\s+(?P<time>\d+\.\d+): (?P<event>\w+): (?P<text>.*)$")
SENDS = {"write", "writev", "sendto", "sendmsg"}


class Event(NamedTuple):
    time: float
    comm: str
    pid: int
    kind: str  # enter, exit, fault, fork, end
    call: str = ""  # of enter and exit
    text: str = ""  # arguments of enter, value of exit, address and error code of fault
    child: int = 0  # of fork


def system_calls():
    """{number: name} of this machine."""
    done = subprocess.run(["gcc", "-E", "-dM", "-"], input="#include <asm/unistd.h>\n", capture_output=True, text=True, check=True)
    return {int(number): name for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", done.stdout, re.MULTILINE)}


def parse(text, names):
    events = []
    for line in text.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        head = (float(match["time"]), match["comm"], int(match["pid"]))
        rest = match["text"]
        if match["event"] in ("sys_enter", "sys_exit"):
            number, value = re.match(r"NR (-?\d+) (.*)", rest).groups()
            kind = "enter" if match["event"] == "sys_enter" else "exit"
            events.append(Event(*head, kind, names.get(int(number), number), value.removeprefix("= ")))
        elif match["event"] == "page_fault_user":
            events.append(Event(*head, "fault", text=rest))
        elif match["event"] == "sched_process_fork":
            events.append(Event(*head, "fork", child=int(re.search(r"child_pid=(\d+)", rest).group(1))))
        elif match["event"] == "sched_process_exit":
            events.append(Event(*head, "end"))
    return sorted(events)


def _first(events, **wanted):
    return next((event for event in events if all(getattr(event, key) == value for key, value in wanted.items())), None)


def steps_of(events, sent, received):
    """[(step, seconds)] of the request that was sent and answered then, in order; they add up to the whole. Raises
    LookupError when one cannot be found in the trace."""
    window = [event for event in events if sent <= event.time <= received]
    leaving = next((e for e in window if e.kind == "enter" and e.call == "exit_group" and e.comm == "pyexec-run"), None)
    if leaving is None:
        raise LookupError("no sandbox ended")
    sandbox = [event for event in window if event.pid == leaving.pid]
    front = [event for event in window if event.comm == "pyexec-front"]
    after = [event for event in window if event.time >= leaving.time]

    marks = [("", sent)]

    def mark(step, event):
        if event is None:
            raise LookupError(step)
        marks.append((step, event.time))

    mark("front wakes", _first(front, kind="exit"))
    mark("HTTP, JSON, admission", _first(front, kind="enter", call="sendmsg"))
    mark("sandbox wakes with the script", _first(sandbox, kind="exit"))
    banner = next((e for e in sandbox if e.kind == "enter" and e.call == "write" and e.text.startswith("(1,")), None)
    if banner:
        mark("script in, compile, module level", banner)
        mark("main(), result, end of Python", leaving)
    else:
        mark("script in, compile, run, result", leaving)
    mark("keeper sees the end of the process", next((e for e in after if e.comm == "pyexec-keeper" and e.kind == "exit"), None))
    got = next((e for e in after if e.comm == "pyexec-front" and e.kind == "exit" and e.call == "recvmsg" and not e.text.startswith("-")), None)
    verdicts = [e for e in after if e.comm == "pyexec-keeper" and e.kind == "enter" and e.call == "sendmsg" and got and e.time <= got.time]
    mark("rest of the sandbox ends, verdict", verdicts[-1] if verdicts else None)
    mark("verdict joined, answer made", next((e for e in reversed(front) if e.kind == "enter" and e.call in SENDS), None))
    marks.append(("answer reaches the client", received))
    steps = [(step, at - before) for (_, before), (step, at) in zip(marks, marks[1:])]
    if any(seconds < 0 for _, seconds in steps):
        raise LookupError("steps out of order")
    return steps


def busy_of(events, sent, received):
    """{(process name, "system calls" or "page faults"): count} while the request was under way."""
    counts = {}
    for event in events:
        if sent <= event.time <= received and event.kind in ("enter", "fault"):
            key = (event.comm, "system calls" if event.kind == "enter" else "page faults")
            counts[key] = counts.get(key, 0) + 1
    return counts


def makings_of(events):
    """What each new sandbox cost, off the way of requests: [{step: seconds, "page faults": n}]."""
    makings = []
    for fork in events:
        if fork.kind != "fork" or fork.comm != "pyexec-guest":
            continue
        own = [event for event in events if event.pid == fork.child]
        # The guest's own time: from its call of clone until it comes back.
        entered = [e for e in events if e.pid == fork.pid and e.kind == "enter" and e.call.startswith("clone") and e.time <= fork.time]
        back = next((e for e in events if e.pid == fork.pid and e.kind == "exit" and e.call.startswith("clone") and e.time >= fork.time), None)
        filtered = _first(own, kind="exit", call="seccomp")
        # Ready when it sleeps in the read of its control socket: a call that takes longer than any other.
        asleep = next((a for a, b in zip(own, own[1:]) if a.kind == "enter" and a.call in ("read", "recvmsg") and b.time - a.time > 0.01), None)
        asleep = asleep or (own[-1] if own and own[-1].kind == "enter" else None)
        if not (entered and back and filtered and asleep) or asleep.time < filtered.time:
            continue
        start = own[0].time
        makings.append(
            {
                "the guest's fork": back.time - entered[-1].time,
                "layers, until seccomp is on": filtered.time - start,
                "pages populated, rehearsal": asleep.time - filtered.time,
                "from fork to ready": asleep.time - entered[-1].time,
                "page faults": sum(event.kind == "fault" and event.time <= asleep.time for event in own),
            }
        )
    return makings


def mappings_of(pid):
    """[(start, end, what)] of a process; all sandboxes of one guest have the same."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        span, rights, _, _, _, *name = line.split(None, 5)
        start, end = (int(part, 16) for part in span.split("-"))
        found.append((start, end, f"{os.path.basename(name[0]) if name else 'anonymous'} {rights[:3]}"))
    return found


def faults_of(events, sent, received, mappings):
    """{(step, mapping, how): count} of the page faults of the sandbox that ran the request's script."""
    leaving = next(e for e in events if sent <= e.time <= received and e.call == "exit_group" and e.comm == "pyexec-run")
    own = [event for event in events if event.pid == leaving.pid and sent <= event.time <= leaving.time]
    last_write = max((e.time for e in own if e.kind == "enter" and e.call == "write"), default=sent)
    counts = {}
    for event in own:
        if event.kind == "fault":
            address, code = (int(part, 16) for part in re.search(r"address=(\S+) .*error_code=(\S+)", event.text).groups())
            where = next((what for start, end, what in mappings if start <= address < end), "elsewhere")
            how = "written, was shared" if code & 1 else "first write" if code & 2 else "first read"
            key = ("until the last output" if event.time <= last_write else "after the last output", where, how)
            counts[key] = counts.get(key, 0) + 1
    return counts


def timeline(events, sent, received):
    """One line for each system call of the request's time, and for each row of page faults."""
    lines, faults = [], {}
    window = [event for event in events if sent <= event.time <= received]

    def flush(pid):
        if pid in faults:
            start, comm, count = faults.pop(pid)
            lines.append((start, f"{comm:15} {pid:7}  {count} page fault{'s' if count > 1 else ''}"))

    for at, event in enumerate(window):
        name = f"{event.comm:15} {event.pid:7}"
        if event.kind == "fault":
            start, _, count = faults.get(event.pid, (event.time, "", 0))
            faults[event.pid] = (start, event.comm, count + 1)
            continue
        flush(event.pid)
        if event.kind == "enter":
            back = next((e for e in window[at + 1 :] if e.pid == event.pid and e.kind == "exit"), None)
            took = f"= {back.text}, {(back.time - event.time) * 1e6:.0f} µs" if back else "..."
            lines.append((event.time, f"{name}  {event.call}{event.text} {took}"))
        elif event.kind == "exit" and not any(e.pid == event.pid and e.kind == "enter" for e in window[:at]):
            lines.append((event.time, f"{name}  wakes from {event.call} = {event.text}"))
        elif event.kind in ("fork", "end"):
            lines.append((event.time, f"{name}  {'forks ' + str(event.child) if event.kind == 'fork' else 'ends'}"))
    for pid in list(faults):
        flush(pid)
    return [f"{(when - sent) * 1e6:9.0f} µs  {text}" for when, text in sorted(lines)]


@contextmanager
def tracing(root):
    """A tracer of its own for a process and all that descends from it; yields a function that gives the text so far."""
    instance = INSTANCES / f"pyexec-{os.getpid()}"
    try:
        instance.mkdir()
    except OSError as error:
        raise BenchError(f"{INSTANCES}: {error.strerror}: tracing needs root and a mounted tracefs") from None
    try:
        for name, value in (("trace_clock", "mono"), ("buffer_size_kb", "16384"), ("options/event-fork", "1")):
            (instance / name).write_text(value, encoding="ascii")
        (instance / "set_event_pid").write_text(" ".join(map(str, processes.tree(root))), encoding="ascii")
        for event in EVENTS:
            (instance / "events" / event / "enable").write_text("1", encoding="ascii")

        def text():
            (instance / "tracing_on").write_text("0", encoding="ascii")
            return (instance / "trace").read_text(encoding="utf-8", errors="replace")

        yield text
    finally:
        instance.rmdir()


def requests(service, script, count, pause_s):
    """Sends requests one after the other over one connection; [(sent, received)] on the tracer's clock."""
    body = script.body.encode()
    head = f"POST /execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    times = []
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            time.sleep(pause_s)
            sent = time.monotonic()
            connection.sendall(head.encode() + body)
            answer = connection.recv(65536)
            received = time.monotonic()
            status, _, rest = answer.partition(b"\r\n")
            if not script.is_right(int(status.split()[1]), rest.partition(b"\r\n\r\n")[2]):
                raise BenchError(f"pyexecd answers {answer!r}")
            times.append((sent, received))
        time.sleep(pause_s)
    return times


def medians(dicts):
    keys = list(dict.fromkeys(key for one in dicts for key in one))
    return {key: stats.median([one[key] for one in dicts if key in one]) for key in keys}
