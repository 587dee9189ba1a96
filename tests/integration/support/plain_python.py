"""What a script of the corpus answers when plain /usr/bin/python3 runs it: the driver, and how to start it.

plain_answer(path) starts this file as a program of its own, as nobody, in an empty directory.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

NOBODY = 65534
TIMEOUT_S = 120


def plain_answer(path):
    """{"result": ..., "stdout": ...} or {"error_type", "line", "traceback", "stdout"}."""
    as_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as directory:
        script = os.path.join(directory, "script.py")
        with open(path, encoding="utf-8", newline="") as source, open(script, "w", encoding="utf-8", newline="") as copy:
            copy.write(source.read())
        if as_root:
            os.chmod(directory, 0o755)
            os.chown(directory, NOBODY, NOBODY)
        with tempfile.TemporaryFile() as answer_file, tempfile.TemporaryFile() as out:
            done = subprocess.run(
                ["/usr/bin/python3", "-c", _driver_source(), str(answer_file.fileno())],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                env={"PATH": "/usr/bin:/bin", "HOME": directory, "TMPDIR": directory, "MPLBACKEND": "Agg",
                     "LANG": "C.UTF-8", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "MPLCONFIGDIR": directory,
                     "OUTPUT_DIR": os.path.join(directory, "output"), "OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[answer_file.fileno()],
                timeout=TIMEOUT_S,
                **({"user": NOBODY, "group": NOBODY, "extra_groups": []} if as_root else {}),
            )  # fmt: skip
            answer_file.seek(0)
            text = answer_file.read()
            out.seek(0)
            stdout = out.read().decode("utf-8", "replace").replace(directory + "/script.py", "script.py")
    if not text:
        raise AssertionError(f"{path}: plain Python left no answer:\n{done.stderr.decode()}")
    answer = json.loads(text)
    if "traceback" in answer:
        answer["traceback"] = users_frames(answer["traceback"].replace(directory + "/", ""))
    return {**answer, "stdout": stdout}


def users_frames(text):
    """A traceback without the frames of the library and of the driver."""
    kept, skipping = [], False
    for line in text.splitlines():
        frame = re.match(r"(?:[ |+]*)File \"([^\"]*)\"", line)
        if frame:
            skipping = frame[1].startswith(("/usr/", "<frozen ")) or frame[1] == "<driver>"
        elif not line.strip(" |^~") and skipping:
            continue
        elif not re.match(r"[ |]*    ", line):
            skipping = False
        if not skipping:
            kept.append(line)
    return "\n".join(kept)


def _driver_source():
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    return f"exec(compile({text!r}, '<driver>', 'exec'), {{'__name__': 'driver'}})"


# --- in the child ---------------------------------------------------------------------------------------------------


def to_plain(value):
    """Python's own idea of the encodings that the contract names."""
    import base64
    import dataclasses
    import datetime
    import enum

    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except TypeError:
            return list(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def drive(answer_fd):
    import io
    import traceback

    sys.path.insert(0, "")
    try:
        import script

        result = script.main()
        if hasattr(result, "__await__"):
            import asyncio

            async def finish():
                return await result

            result = asyncio.run(finish())
        sys.set_int_max_str_digits(0)
        answer = {"result": json.loads(json.dumps(result, default=to_plain))}
    except BaseException as error:
        sys.stdout.flush()
        if isinstance(error, SyntaxError):
            text = traceback.format_exc()  # CPython's printer in C counts bytes and not characters
        else:
            kept, sys.stderr = sys.stderr, io.StringIO()
            sys.__excepthook__(type(error), error, error.__traceback__)
            text, sys.stderr = sys.stderr.getvalue(), kept
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith("/script.py")]
        line = frames[-1].lineno if frames else getattr(error, "lineno", None)
        answer = {"error_type": type(error).__qualname__, "line": line, "traceback": text.rstrip("\n")}
    with open(answer_fd, "w", encoding="utf-8", errors="surrogatepass") as pipe:
        json.dump(answer, pipe)


if __name__ == "driver":
    drive(int(sys.argv[1]))
