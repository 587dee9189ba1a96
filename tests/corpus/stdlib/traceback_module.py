import sys
import traceback


def inner():
    raise KeyError("deep")


def main():
    try:
        inner()
    except KeyError:
        kind, error, trace = sys.exc_info()
        frames = traceback.extract_tb(trace)
        return [f.name for f in frames], [f.line for f in frames], traceback.format_exception_only(kind, error)
