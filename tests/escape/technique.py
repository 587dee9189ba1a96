"""How a technique is declared: a decorator over a function that runs in the sandbox.

The function's docstring says what the attack is and where it is known from. Its text is cut out and run behind
probe.py's, so it may use that module's names and the standard library, nothing else. It returns through(evidence) or
stopped(by), or lets an OSError or Stopped escape, which is the same as stopped().
"""

import ctypes
import errno
import os
from typing import NamedTuple

from .numbers import CALLS

_libc = ctypes.CDLL(None, use_errno=True)

registered = []


# A bomb may end as it likes, by a limit or by an operation that is refused, as long as it ends.
CONTAINED = {
    "errors": ["timeout", "resource_limit", "runtime_error"],
    "results": None,
    "raises": ["OSError", "BlockingIOError", "MemoryError", "RuntimeError"],
}


class Technique(NamedTuple):
    function: object
    category: str
    stop: tuple  # what `stopped_by` may begin with
    stop_without_namespaces: tuple  # the same, besides, in tiers without namespaces
    visible_without_namespaces: str  # the row of SECURITY.md that says what can be seen there, though not touched; or ""
    kwargs: dict  # for the run in the sandbox
    control: dict  # kwargs for the control
    options: dict  # of the room, see room.py
    impossible: object  # None, or a function: why this host cannot run the control ("" when it can)
    request: dict  # further fields of the request to the service
    bomb: bool
    answer: object  # for a forgery: the rule that the service's answer must keep, see judgement.py

    @property
    def id(self):
        return f"{self.category}.{self.function.__name__}"

    @property
    def mechanism(self):
        return " ".join(self.function.__doc__.split()).rstrip(".")

    @property
    def rule(self):
        """What the answer to its script must be: see judgement.py."""
        if self.bomb:
            return CONTAINED
        if self.answer:
            return self.answer
        rule = {"stopped_by": list(self.stop)}
        if self.stop_without_namespaces:
            rule["stopped_by_without_namespaces"] = list(self.stop_without_namespaces)
        if self.visible_without_namespaces:
            rule["visible_without_namespaces"] = self.visible_without_namespaces
        return rule


def _words(stop):
    return (stop,) if isinstance(stop, str) else tuple(stop)


def technique(
    stop,
    kwargs=None,
    control=None,
    options=None,
    impossible=None,
    request=None,
    bomb=False,
    answer=None,
    stop_without_namespaces=(),
    visible_without_namespaces="",
):
    def register(function):
        category = function.__module__.rsplit(".", 1)[1]
        registered.append(
            Technique(
                function,
                category,
                _words(stop),
                _words(stop_without_namespaces),
                visible_without_namespaces,
                kwargs or {},
                control or {},
                options or {},
                impossible,
                request or {},
                bomb,
                answer,
            )
        )
        return function

    return register


def forgery(stop, answer, request=None):
    """A technique that lies to the service: not what the script sees is judged, but the answer."""
    return technique(stop, request=request, answer=answer)


def missing(name):
    """For `impossible`: this host's kernel answers ENOSYS to the call even where everything is allowed."""

    def reason():
        _libc.syscall.restype = ctypes.c_long
        number = CALLS[name][os.uname().machine == "aarch64"]
        arguments = [ctypes.c_long(-1)] * 6
        if number >= 0 and (_libc.syscall(ctypes.c_long(number), *arguments) != -1 or ctypes.get_errno() != errno.ENOSYS):
            return ""
        return f"this kernel has no {name}()"

    return reason


def bomb(control):
    """A technique that takes all it can get; `control` is how much of it the positive control has to get."""

    def register(function):
        technique("contained", control={"most": control}, bomb=True)(function)
        return function

    return register
