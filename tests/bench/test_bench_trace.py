"""scripts/trace-request: the cutting of a trace into steps, on a trace made by hand."""

import pytest

from bench import trace

NAMES = {0: "read", 1: "write", 46: "sendmsg", 47: "recvmsg", 56: "clone", 231: "exit_group", 232: "epoll_wait", 317: "seccomp"}

REQUEST = """
# tracer: nop
    pyexec-front-10   [000] ..... 100.000100: sys_exit: NR 232 = 1
    pyexec-front-10   [000] ..... 100.000300: sys_enter: NR 46 (3, 7ffc560a42a0, 4000, 0, 0, 0)
    pyexec-front-10   [000] ..... 100.000310: sys_exit: NR 46 = 32
   pyexec-keeper-9    [001] ..... 100.000350: sys_exit: NR 232 = 1
   pyexec-keeper-9    [001] ..... 100.000360: sys_enter: NR 46 (9, 7ffc560a42a0, 4000, 0, 0, 0)
   pyexec-keeper-9    [001] ..... 100.000370: sys_exit: NR 46 = 40
      pyexec-run-12   [001] ..... 100.000600: sys_exit: NR 0 = 80
      pyexec-run-12   [001] d.... 100.000650: page_fault_user: address=0x7f ip=0x7f error_code=0x7
      pyexec-run-12   [001] d.... 100.000660: page_fault_user: address=0x7f ip=0x7f error_code=0x7
      pyexec-run-12   [001] ..... 100.000900: sys_enter: NR 1 (1, 55ca6269ce60, 1d, 0, b000, 0)
      pyexec-run-12   [001] ..... 100.000910: sys_exit: NR 1 = 29
      pyexec-run-12   [001] ..... 100.001500: sys_enter: NR 231 (0, 0, 0, 0, 0, 0)
      pyexec-run-12   [001] ..... 100.001510: sched_process_exit: comm=pyexec-run pid=12 prio=120
   pyexec-keeper-9    [001] ..... 100.002000: sys_exit: NR 232 = 1
   pyexec-keeper-9    [001] ..... 100.002600: sys_enter: NR 46 (3, 7ffc560a42a0, 4000, 0, 0, 0)
   pyexec-keeper-9    [001] ..... 100.002610: sys_exit: NR 46 = 88
    pyexec-front-10   [000] ..... 100.002650: sys_exit: NR 232 = 1
    pyexec-front-10   [000] ..... 100.002660: sys_enter: NR 47 (3, 7ffc560a42a0, 4000, 0, 0, 0)
    pyexec-front-10   [000] ..... 100.002670: sys_exit: NR 47 = 88
    pyexec-front-10   [000] ..... 100.002900: sys_enter: NR 46 (38, 7ffc560a42a0, 4000, 0, 0, 0)
    pyexec-front-10   [000] ..... 100.002910: sys_exit: NR 46 = 300
"""
SENT, RECEIVED = 100.0, 100.003


def microseconds(steps):
    return {step: round(seconds * 1e6) for step, seconds in steps}


def test_steps_of_a_request():
    steps = trace.steps_of(trace.parse(REQUEST, NAMES), SENT, RECEIVED)
    assert microseconds(steps) == {
        "front wakes": 100,
        "HTTP, JSON, admission": 200,
        "sandbox wakes with the script": 300,
        "script in, compile, module level": 300,
        "main(), result, end of Python": 600,
        "keeper sees the end of the process": 500,
        "rest of the sandbox ends, verdict": 600,
        "verdict joined, answer made": 300,
        "answer reaches the client": 100,
    }
    assert sum(seconds for _, seconds in steps) == pytest.approx(RECEIVED - SENT)


def test_without_a_banner_two_steps_are_one():
    text = "\n".join(line for line in REQUEST.splitlines() if "NR 1 (1," not in line)
    steps = microseconds(trace.steps_of(trace.parse(text, NAMES), SENT, RECEIVED))
    assert steps["script in, compile, run, result"] == 900 and "main(), result, end of Python" not in steps


@pytest.mark.parametrize("missing", ["NR 231", "NR 47 = 88", "NR 46 (38"])
def test_a_request_that_is_not_in_the_trace_is_left_out(missing):
    text = "\n".join(line for line in REQUEST.splitlines() if missing not in line)
    with pytest.raises(LookupError):
        trace.steps_of(trace.parse(text, NAMES), SENT, RECEIVED)


def test_what_the_processes_did_meanwhile():
    busy = trace.busy_of(trace.parse(REQUEST, NAMES), SENT, RECEIVED)
    assert busy[("pyexec-run", "page faults")] == 2 and busy[("pyexec-run", "system calls")] == 2


def test_timeline_folds_page_faults_and_names_calls():
    lines = trace.timeline(trace.parse(REQUEST, NAMES), SENT, RECEIVED)
    assert any("2 page faults" in line for line in lines)
    assert any("write(1, 55ca6269ce60" in line and "= 29, 10 µs" in line for line in lines)
    assert any("wakes from epoll_wait = 1" in line for line in lines)


def test_the_making_of_a_sandbox():
    text = """
    pyexec-guest-11   [000] ..... 200.000000: sys_enter: NR 56 (1, 0, 0, 0, 0, 0)
    pyexec-guest-11   [000] ..... 200.000900: sched_process_fork: comm=pyexec-guest pid=11 child_comm=pyexec-guest child_pid=20
    pyexec-guest-11   [000] ..... 200.001000: sys_exit: NR 56 = 20
    pyexec-guest-20   [001] ..... 200.001100: sys_exit: NR 56 = 0
      pyexec-run-20   [001] d.... 200.001150: page_fault_user: address=0x7f ip=0x7f error_code=0x7
      pyexec-run-20   [001] ..... 200.001200: sys_enter: NR 317 (1, 0, 0, 0, 0, 0)
      pyexec-run-20   [001] ..... 200.001400: sys_exit: NR 317 = 0
      pyexec-run-20   [001] ..... 200.004000: sys_enter: NR 0 (3, 7ffc560a42a0, 80, 0, 0, 0)
"""
    (making,) = trace.makings_of(trace.parse(text, NAMES))
    assert {key: round(value * 1e6) for key, value in making.items() if key != "page faults"} == {
        "the guest's fork": 1000,
        "layers, until seccomp is on": 300,
        "pages populated, rehearsal": 2600,
        "from fork to ready": 4000,
    }
    assert making["page faults"] == 1


def test_system_calls_have_names():
    names = trace.system_calls()
    assert {"read", "sendmsg", "exit_group", "seccomp"} <= set(names.values())


def test_page_faults_are_told_apart_by_when_where_and_how():
    mappings = [(0x7000, 0x8000, "libpython3.11.so.1.0 r-x"), (0x9000, 0xA000, "[heap] rw-")]
    text = REQUEST.replace(
        "      pyexec-run-12   [001] ..... 100.001500",
        "      pyexec-run-12   [001] d.... 100.001000: page_fault_user: address=0x7abc ip=0x7f error_code=0x14\n"
        "      pyexec-run-12   [001] d.... 100.001100: page_fault_user: address=0x9abc ip=0x7f error_code=0x7\n"
        "      pyexec-run-12   [001] ..... 100.001500",
    )
    assert trace.faults_of(trace.parse(text, NAMES), SENT, RECEIVED, mappings) == {
        ("until the last output", "elsewhere", "written, was shared"): 2,
        ("after the last output", "libpython3.11.so.1.0 r-x", "first read"): 1,
        ("after the last output", "[heap] rw-", "written, was shared"): 1,
    }
