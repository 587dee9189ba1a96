"""What the encoder (encode.c) asks about values that are no built-in types: a simpler value, one level at a time.

Dates and times become ISO 8601 texts, a timedelta seconds, bytes base64, an enum member its value, a dataclass an
object; numbers and texts of other kinds their str(); NumPy's and pandas' types live in arrays.py.
"""

import base64
import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import uuid

from pyexec_guest import arrays

enum_type = enum.Enum
MAX_DEPTH = 5000  # ENCODE_MAX_DEPTH of encode.h

_mro_of = type.__dict__["__mro__"].__get__
_plain_getattribute = object.__getattribute__


class UnserializableResult(TypeError):
    """main() returned what JSON cannot hold. `reason` and `subject` are for the suggestions."""

    def __init__(self, message, reason=None, subject=None):
        super().__init__(message)
        self.reason = reason
        self.subject = subject


UnserializableResult.__module__ = "builtins"

arrays.UnserializableResult = UnserializableResult


def bases_of(value):
    """The classes of a value, most special first, whatever its __class__ or metaclass claims."""
    return _mro_of(type(value))


def _base64_text(value):
    return base64.b64encode(value).decode("ascii")


# By class; called unbound, so that what a subclass overrides does not matter.
_CONVERTERS = {
    enum.Enum: lambda value: _plain_getattribute(value, "_value_"),
    datetime.datetime: datetime.datetime.isoformat,
    datetime.date: datetime.date.isoformat,
    datetime.time: datetime.time.isoformat,
    datetime.timedelta: datetime.timedelta.total_seconds,
    decimal.Decimal: decimal.Decimal.__str__,
    fractions.Fraction: fractions.Fraction.__str__,
    uuid.UUID: uuid.UUID.__str__,
    pathlib.PurePath: pathlib.PurePath.__str__,
    complex: complex.__repr__,
    bytes: _base64_text,
    bytearray: _base64_text,
}


_DATACLASS_FIELDS = dataclasses._FIELDS
_IS_FIELD = dataclasses._FIELD


def _dataclass_members(value, bases):
    for base in bases:
        fields = type.__getattribute__(base, "__dict__").get(_DATACLASS_FIELDS)
        if type(fields) is dict:
            return {name: getattr(value, name) for name, field in fields.items() if field._field_type is _IS_FIELD}
    return NotImplemented


def convert(value):
    bases = bases_of(value)
    special = arrays.convert(value, bases)  # first: a pandas Timestamp is a datetime as well
    if special is not NotImplemented:
        return special
    for base in bases:
        converter = _CONVERTERS.get(base)
        if converter is not None:
            return converter(value)
    return _dataclass_members(value, bases)


def convert_key(key):
    """The text of an object's key, as the json module spells it where that takes the type, else the text its value
    would be. NotImplemented for tuples, bytes, sets and other things that are no names."""
    for _ in range(8):  # an enum's value may be an enum's member
        bases = bases_of(key)
        if enum_type in bases:
            key = convert(key)
        elif str in bases:
            return str.__str__(key)
        elif key is None:
            return "null"
        elif bool in bases:
            return "true" if key else "false"
        elif int in bases:
            return int.__repr__(key)
        elif float in bases:
            text = float.__repr__(key)
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text, text)
        elif bytes in bases or bytearray in bases or tuple in bases:
            return NotImplemented
        else:
            key = convert(key)
            if key is NotImplemented:
                return NotImplemented
    return NotImplemented


arrays.convert_key = convert_key


# --- errors ---------------------------------------------------------------------------------------------------------


def type_name(value):
    kind = type(value)
    module = type.__getattribute__(kind, "__module__")
    name = type.__getattribute__(kind, "__qualname__")
    if type(module) is not str or module in ("builtins", "script", "__main__"):
        return name
    return f"{module}.{name}"


def _step_text(index, key):
    if index >= 0:
        return f"[{index}]"
    if type(key) is str:
        return "." + key if key.isidentifier() and len(key) <= 60 else f"[{_short(repr(key))}]"
    if type(key) in (int, float, bool, type(None)):
        return f"[{_short(repr(key))}]"
    return f"[<{type_name(key)}>]"


def _short(text):
    return text if len(text) <= 60 else text[:57] + "..."


def place_text(root, steps):
    texts = [_step_text(index, key) for index, key in steps]
    if len(texts) > 20:
        texts[10:-10] = [f" ... {len(texts) - 20} more levels ... "]
    return root + "".join(texts)


def refuse(reason, root, steps, subject, other_steps):
    place = place_text(root, steps)
    if reason == "type":
        message = f"{place} is of type {type_name(subject)}, which has no JSON form"
    elif reason == "key":
        message = f"{place} has a key of type {type_name(subject)}, which cannot be a JSON key"
    elif reason == "tuple_key":
        message = f"{place} has a tuple as a key; JSON keys are texts"
    elif reason == "collision":
        message = f"{place} has two keys that are the same text in JSON: {_short(repr(str.__str__(subject)))}"
    elif reason == "cycle":
        message = f"the result contains itself: {place} is {place_text(root, other_steps)}"
    elif reason == "depth":
        message = f"the result is nested more than {MAX_DEPTH} levels deep, at {place}"
    elif reason == "size":
        message = f"the result is larger than the cap of {arrays.max_bytes} bytes (max_result_bytes), at {place}"
    else:
        message = f"{place} changed its size while the result was being encoded"
    return UnserializableResult(message, reason, subject)
