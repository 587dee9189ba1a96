"""NumPy's and pandas' types as plain Python values.

Nothing here imports either: a value of theirs cannot exist before the script, or the guest, has imported them.
Scalars become numbers, arrays nested lists, a Series a dict by its labels (pairs where those repeat or are tuples), a
DataFrame a list of records whose first members are its index, unless that is the default one. NaN, NaT, NA and masked
elements become None.
"""

import sys

max_bytes = 0  # the cap of the result; set by the runner for each run

# Set by values.py, which imports this module.
UnserializableResult = None
convert_key = None

_numpy = sys.modules.get("numpy")
_pandas = sys.modules.get("pandas")


def convert(value, bases):
    modules = sys.modules
    pandas = modules.get("pandas", _pandas)
    if pandas is not None:
        simpler = _convert_pandas(pandas, value, bases)
        if simpler is not NotImplemented:
            return simpler
    numpy = modules.get("numpy", _numpy)
    if numpy is not None:
        if _has(numpy, "ndarray", bases) or _has(numpy, "generic", bases):
            return _array_values(numpy, value)
    return NotImplemented


def _has(module, name, bases):
    return getattr(module, name, None) in bases


def _check_extent(n_values):
    """A value takes two bytes at least: what cannot fit is refused before lists of it fill the memory."""
    if n_values * 2 > max_bytes:
        raise UnserializableResult(
            f"the result is larger than the cap of {max_bytes} bytes (max_result_bytes): it has {n_values} elements",
            "size",
        )


# --- NumPy ----------------------------------------------------------------------------------------------------------


def _array_values(numpy, value):
    if isinstance(value, numpy.ma.MaskedArray):
        _check_extent(value.size)
        return value.tolist()
    array = numpy.asarray(value)
    _check_extent(array.size)
    kind = array.dtype.kind
    if kind == "M":
        return _datetime_values(numpy, array)
    if kind == "m":
        try:
            return (array / numpy.timedelta64(1, "s")).tolist()
        except TypeError:  # years and months have no length in seconds
            return array.astype("int64").tolist()
    if kind == "f":
        return array.astype("float64").tolist()  # a long double stays one in tolist()
    if kind == "c":
        return array.astype("complex128").tolist()
    return array.tolist()


def _datetime_values(numpy, array):
    unit = numpy.datetime_data(array.dtype)[0]
    if unit not in ("ns", "ps", "fs", "as"):
        return array.tolist()
    rounded = array.astype("datetime64[us]")
    missing = numpy.isnat(array)
    if ((rounded == array) | missing).all():
        return rounded.tolist()
    texts = numpy.array(numpy.datetime_as_string(array), dtype=object)  # of a scalar it is a str, no array
    texts[missing] = None
    return texts.tolist()


# --- pandas ---------------------------------------------------------------------------------------------------------


def _convert_pandas(pandas, value, bases):
    if value is getattr(pandas, "NaT", pandas) or value is getattr(pandas, "NA", pandas):
        return None
    if _has(pandas, "Timestamp", bases):
        return pandas.Timestamp.isoformat(value)
    if _has(pandas, "Timedelta", bases):
        return pandas.Timedelta.total_seconds(value)
    if _has(pandas, "Period", bases) or _has(pandas, "Interval", bases):
        return str(value)
    if _has(pandas, "Series", bases):
        return _series_values(pandas, value)
    if _has(pandas, "DataFrame", bases):
        return _frame_records(pandas, value)
    return NotImplemented


def _series_values(pandas, series):
    _check_extent(len(series) * 2)
    values = series.tolist()
    labels = series.index.tolist()
    texts = [convert_key(label) for label in labels]
    if NotImplemented in texts or len(set(texts)) < len(texts):
        return [[label, value] for label, value in zip(labels, values)]
    return dict(zip(texts, values))


def _is_default_index(pandas, index):
    return (
        isinstance(index, pandas.RangeIndex)
        and index.name is None
        and index.start == 0
        and index.step == 1
    )


def _label_text(label):
    """Labels of several levels, as a pivot or agg() leaves them, are joined: ("price", "mean") is price_mean."""
    if type(label) is tuple:
        return "_".join(text for text in map(_label_text, label) if text)
    text = convert_key(label)
    return str(label) if text is NotImplemented else text


def _numbered(names):
    """Names made distinct: the second "a" is "a.1", as pandas' own readers have it."""
    taken = set(names)
    seen = set()
    result = []
    for name in names:
        distinct, number = name, 0
        while distinct in seen or (number > 0 and distinct in taken):
            number += 1
            distinct = f"{name}.{number}"
        seen.add(distinct)
        result.append(distinct)
    return result


def _frame_records(pandas, frame):
    n_rows, n_columns = frame.shape
    _check_extent(n_rows * n_columns * 2)
    names, columns = [], []
    index = frame.index
    if not _is_default_index(pandas, index):
        for level in range(index.nlevels):
            name = index.names[level]
            unnamed = "index" if index.nlevels == 1 else f"level_{level}"
            names.append(unnamed if name is None else _label_text(name))
            columns.append(index.get_level_values(level).tolist())
    for number, label in enumerate(frame.columns.tolist()):
        names.append(_label_text(label))
        columns.append(frame.iloc[:, number].tolist())
    if not columns:
        return [{} for _ in range(n_rows)]
    names = _numbered(names)
    return [dict(zip(names, row)) for row in zip(*columns)]
