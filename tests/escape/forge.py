"""For forgeries: finds the memory that a sandbox leaves its result in, without any name or number being told.

The layout is that of src/wire/run_result.h.
"""

import gc
import json

from .probe import *

MAGIC = 0x70797273
RECORD_OFFSET, VALUE_OFFSET = 4096, 4096 + (1 << 20)
ARTIFACTS_OFFSET = VALUE_OFFSET + (8 << 20)
RESULT_SIZE = ARTIFACTS_OFFSET + (32 << 20)
READY = ctypes.c_uint32 * 6


def find_native():
    """The functions by which the interpreter hands its result over, among all objects there are."""
    gc.unfreeze()
    for thing in gc.get_objects():
        if type(thing) is type(len) and thing.__name__ == "finish" and getattr(thing, "__module__", "") == "pyexec_guest.native":
            return thing.__self__
    raise RuntimeError("the native functions were not found")


def find_mapping():
    """The address of the mapped result: a pointer to something that begins with the magic number, among the program's
    data, where the description of its native functions lies as well."""
    finish = find_native().finish
    data = ctypes.c_void_p.from_address(id(finish) + 16).value & ~4095
    for distance in range(0, 1 << 23, 4096):
        for page in (data + distance, data - distance):
            text = readable(page)
            if not text or not text.strip(b"\0"):
                continue
            for (pointer,) in struct.iter_unpack("Q", text):
                if pointer and pointer % 4096 == 0 and (head := readable(pointer, 4)) and struct.unpack("I", head)[0] == MAGIC:
                    return pointer
    raise RuntimeError("the result's memory was not found")


class Result:
    """The mapped memory, with nothing in the way."""

    def __init__(self):
        self.base = find_mapping()
        self.header = READY.from_address(self.base)  # magic, phase, banner_written, complete, record_len, value_len

    def put(self, record, value, record_len=None, value_len=None, complete=1):
        record = json.dumps(record).encode() if not isinstance(record, bytes) else record
        value = json.dumps(value).encode() if not isinstance(value, bytes) else value
        ctypes.memmove(self.base + RECORD_OFFSET, record, len(record))
        ctypes.memmove(self.base + VALUE_OFFSET, value, len(value))
        self.header[4] = len(record) if record_len is None else record_len
        self.header[5] = len(value) if value_len is None else value_len
        self.header[3] = complete


SUCCESS = {"kind": "result", "result_text": "forged"}
