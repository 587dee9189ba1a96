"""The end of a run whose time is up, as far as it needs Python: what was printed without a line end is written out, and
where a coroutine waits is said. last_words.c knows of all that is on a stack."""

import signal

from pyexec_guest import frames, native, source_lines, streams

NUMBER = 62  # LAST_WORDS_SIGNAL of wire/last_words.h
_MAX_BYTES = 3800  # below LAST_WORDS_TEXT_MAX
_MAX_FRAMES = 12


def _main_task(frame):
    """What the event loop beneath this frame runs until it is complete."""
    while frame is not None:
        if frame.f_code.co_name == "run_until_complete":
            return frame.f_locals.get("future")
        frame = frame.f_back
    return None


def _coroutine_frames(task):
    """(filename, line, name), the outermost first."""
    awaited, found = task.get_coro(), []
    while awaited is not None and len(found) < 1000:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        frame = frame or getattr(awaited, "ag_frame", None)
        if frame is None:
            break
        found.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        awaited = (
            getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
            or getattr(awaited, "ag_await", None)
        )  # fmt: skip
    return found


def _text_of(stack):
    pieces = ["Traceback (most recent call last):"]
    for filename, line, name in stack[-_MAX_FRAMES:]:
        pieces.append(f'  File "{filename}", line {line}, in {name}')
        text = source_lines.getline(filename, line).strip() if filename == source_lines.SCRIPT else ""
        if text:
            pieces.append("    " + (text if len(text) <= 200 else text[:200] + "..."))
    return frames.cut_text("\n".join(pieces), _MAX_BYTES)


def _say(frame):
    stack = [place for place in _coroutine_frames(_main_task(frame)) if frames.is_user_file(place[0])]
    if stack:
        lines = [line for filename, line, _ in stack if filename == source_lines.SCRIPT]
        native.say_last_words(lines[-1] if lines else 0, _text_of(stack).encode("utf-8", "replace"))


def _on_signal(number, frame):
    try:
        streams.flush()
    except BaseException:  # the run is over: whatever the script made of its streams
        pass
    try:
        if native.last_words_want_coroutines():
            _say(frame)
    except BaseException:  # or of its tasks
        pass
    native.say_last_words(0, b"")


def install():
    """Before last_words.c puts its own handler in front of this one."""
    signal.signal(NUMBER, _on_signal)
