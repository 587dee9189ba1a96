import contextlib
import io

LOG = []


@contextlib.contextmanager
def step(name):
    LOG.append(f"enter {name}")
    try:
        yield name.upper()
    except ValueError as error:
        LOG.append(f"caught {error}")
    finally:
        LOG.append(f"leave {name}")


def main():
    with step("one") as name, contextlib.suppress(KeyError):
        {}["x"]
    with step("two"):
        raise ValueError("bad")
    with contextlib.ExitStack() as stack:
        for n in range(3):
            stack.callback(LOG.append, f"cleanup {n}")
    buffer = io.StringIO()
    with contextlib.redirect_stdout(buffer):
        print("captured")
    return LOG, name, buffer.getvalue()
