"""Advice about values that a function cannot take: ValueErrors, and what libraries raise in their place."""

import re
from zoneinfo import available_timezones

from pyexec_guest import values
from pyexec_guest.failing_place import ABSENT, Place, nearest_names, quoted

# --- texts that are no numbers --------------------------------------------------------------------------------------


def _literal(match, text, place):
    """int() and float() of a text; the text itself is in the message."""
    literal = text.rpartition(": ")[2].strip("'\"")
    function = "float" if "float" in text else "int"
    base = re.search(r"with base (\d+)", text)
    if not literal.strip():
        return "The text is empty: test `if text.strip():` before converting it"
    if re.fullmatch(r"\s*[+-]?\d+\.\d*(e[+-]?\d+)?\s*", literal):
        return f"{literal.strip()} has decimals: float(text), or int(float(text))"
    if re.fullmatch(r"\s*[+-]?\d+,\d{1,2}\s*", literal):
        return 'The decimals stand behind a comma: text.replace(",", ".") first'
    if re.fullmatch(r"\s*[+-]?\d{1,3}(,\d{3})+(\.\d+)?\s*", literal):
        return 'Take the commas out first: text.replace(",", "")'
    if base and base[1] == "10" and re.fullmatch(r"\s*(0[xX])?[0-9a-fA-F]+\s*", literal) and literal.strip() != "":
        return f"A hexadecimal number needs its base: int({literal!r}, 16); a word is no whole number, test .isdigit() first"
    if re.search(r"\d", literal) and re.search(r"[^\d\s.,+-]", literal):
        return f"Take out what is no digit first: text.replace({_rest(literal)!r}, '').strip(), or re.sub"
    if function == "int":
        return f"{literal[:60]!r} is no whole number: test it with .isdigit(), or catch ValueError"
    return (
        f"{literal[:60]!r} is no number: test it first, or catch ValueError; a whole pandas column is converted by "
        "pandas.to_numeric(column, errors='coerce')"
    )


def _rest(literal):
    return re.sub(r"^[\d\s.,+-]+|[\d\s.,]+$", "", literal)[:40]


# --- unpacking ------------------------------------------------------------------------------------------------------


def _loops_over_a_dict(place):
    name = re.search(r"\bfor\s+\w+\s*,.*\bin\s+(\w+)\s*(:|\]|\)|$)", place.line)
    return name and type(place.value(name[1])) is dict and name[1]


def _unpack(match, text, place):
    name = _loops_over_a_dict(place)
    if name:
        return f"Looping over a dict gives its keys only: for key, value in {name}.items()"
    numbers = re.findall(r"\d+", text)
    wanted = numbers[0] if numbers else "?"
    if len(numbers) > 1:
        return f"The right side has {numbers[1]} values where {wanted} names wait on the left: test len() first"
    count = _count_on_the_right(place)
    more = f"{count} values" if count is not None else "more values"
    return f"The right side has {more} and the left only {wanted} names: add names, or one with a star, *rest"


def _count_on_the_right(place):
    right = re.search(r"=\s*([A-Za-z_]\w*)\s*$", place.line)
    value = place.value(right[1]) if right else ABSENT
    if type(value) in (list, tuple, str):
        return len(value)
    literal = re.search(r"=\s*[\[(]?([^\[\]()]*)[\])]?\s*$", place.line)
    return literal[1].count(",") + 1 if literal and "," in literal[1] else None


# --- others ---------------------------------------------------------------------------------------------------------


def _time_format(match, text, place):
    return (
        f"The text {match[1]} does not look like {match[2]}: %Y year, %m month, %d day, %H %M %S time, %b month's name; "
        "separators have to agree"
    )


def _json(error, text, place):
    document = getattr(error, "doc", None)
    document = document if type(document) is str else ""
    position = getattr(error, "pos", 0)
    around = document[max(0, position - 20) : position + 20]
    start = document.lstrip()[:1]
    if not document.strip():
        return "The text is empty: there is no JSON in it"
    if start == "<":
        return "The text is HTML or XML and no JSON: look at what was read"
    if text.startswith("Extra data"):
        return "There is more than one JSON document: read line by line, [json.loads(line) for line in text.splitlines()]"
    if re.search(r",\s*$", document[:position]) and document[position : position + 1] in ("}", "]"):
        return f"JSON has no comma before a closing bracket: take it out near {around!r}"
    if "'" in around or "double quotes" in text:
        return f"JSON wants double quotes around texts and keys, near {around!r}; ast.literal_eval reads Python's own form"
    return f"It is no JSON near {around!r}: texts want double quotes, and true, false, null are in lower case"


def _enum_members(match, text, place):
    name = match[1]
    kind = place.value(name)
    members = list(type.__getattribute__(kind, "__dict__").get("_member_map_", ())) if isinstance(kind, type) else []
    if not members:
        return f"Choose a value that {name} has"
    return f"The members of {name} are {', '.join(members[:10])}: {name}[name] reads by name, {name}(value) by value"


def _length(match, text, place):
    return "The lengths have to be the same: compare len() of both, or the .shape of arrays"


_RULES = [
    (r"invalid literal for int\(\)|could not convert string to float", _literal),
    (r"not enough values to unpack|too many values to unpack|must have length \d; \d+ is required", _unpack),
    (r"substring not found|subsection not found", "Test with `in` first, or use .find(part), which gives -1"),
    (r"is not in list|not in tuple|x not in", "Test with `in` before looking for the place"),
    (r"math domain error", "The function has no value there: square roots and logarithms want positive numbers; cmath has "
     "complex ones"),
    (r"expected a nonnegative input|expected a positive input", "The function wants positive numbers; cmath has complex ones"),
    (r"negative number cannot be raised to a fractional power", "Use complex(x) ** y, or abs(x)"),
    (r"negative shift count", "Shift the other way: << in place of >>"),
    (r"time data (.*) does not match format (.*)", _time_format),
    (r"unconverted data remains", "The text goes on behind what the format describes, which says `unconverted data "
     "remains`: add the rest to the format, such as %H:%M"),
    (r"is a bad directive in format", "The format of strptime() has an unknown %: %Y %m %d %H %M %S are common"),
    (r"Invalid isoformat string", "fromisoformat() reads YYYY-MM-DD: datetime.strptime(text, '%d.%m.%Y') reads other forms"),
    (r"day is out of range for month", "The month has no such day: calendar.monthrange(year, month)[1] is its last one"),
    (r"month must be in", "Months are 1 to 12"),
    (r"year (\S+) is out of range", "Years are 1 to 9999"),
    (r"(hour|minute|second) must be in", lambda m, t, p: f"The {m[1]} is out of its range: hours 0 to 23, minutes and "
     "seconds 0 to 59"),
    (r"chr\(\) arg not in range", "Code points are 0 to 0x10ffff"),
    (r"(?:max|min)\(\) (?:arg is an empty sequence|iterable argument is empty)|empty sequence",
     "The sequence is empty: pass default=..., or test it first"),
    (r"empty range for rand", "The range is empty: randint(a, b) wants a <= b"),
    (r"[Ss]ample larger than population", "The sample is larger than the list: take at most len(values), or "
     "random.choices(), which repeats"),
    (r"I/O operation on closed file|I/O operation on closed", "The file is closed already: keep the work inside the `with` "
     "block"),
    (r"invalid mode: ", "A mode is 'r' (read), 'w' (write), 'a' (append), 'x' (new), with 'b' for bytes"),
    (r"binary mode doesn't take an", "Leave encoding and newline out in binary mode, or drop the 'b'"),
    (r"Exceeds the limit .* for integer string conversion", "Call sys.set_int_max_str_digits(0) first"),
    (r"malformed node or string", "literal_eval() reads literals only: numbers, texts, lists, dicts; names and operators "
     "are none"),
    (r"Unknown format code '(.)' for object of type 'str'", lambda m, t, p: f"A text has no number format: float(x) first, "
     f"then f\"{{x:.2{m[1]}}}\""),
    (r"Unknown format code '(.)' for object of type '(\w+)'", lambda m, t, p: f"'{m[1]}' does not format a {m[2]}"),
    (r"Invalid format specifier", "The part behind the colon is no format: f\"{x:.2f}\", f\"{n:>8}\"; a colon in an "
     "expression wants brackets"),
    (r"Single '.' encountered in format string", "Double the brace: {{ and }}"),
    (r"unsupported format character", "A % in the text is doubled: %%"),
    (r"cannot reshape array of size (\d+) into shape (.*)",
     lambda m, t, p: f"The product of the shape {m[2]} has to be {m[1]}; one of its numbers may be -1"),
    (r"matmul:|shapes .* not aligned|dot product", "The inner dimensions have to be equal, (n, k) @ (k, m): print a.shape "
     "and b.shape, a.T turns a shape round"),
    (r"operands could not be broadcast|could not broadcast", "The arrays' shapes do not fit: print a.shape, b.shape"),
    (r"same number of dimensions|array dimensions .* must match", "Give both the same dimensions first: a.reshape(-1, 1), "
     "a[None, :], numpy.vstack"),
    (r"inhomogeneous shape|setting an array element with a sequence", "The rows have to be of one length; dtype=object keeps "
     "lists as they are"),
    (r"truth value of (an array|a Series|a DataFrame|a \w+Index)", "Use .any() or .all(), and & | ~ with brackets for "
     "conditions"),
    (r"All arrays must be of the same length|arrays must all be same length", "Give all columns one length: as many values "
     "each"),
    (r"Length of values \((\d+)\) does not match length of index \((\d+)\)",
     lambda m, t, p: f"The column has {m[1]} values and the frame {m[2]} rows: they have to be of one length"),
    (r"x and y must have same first dimension|x and y must be the same size|shape mismatch", _length),
    (r"Length mismatch", _length),
    (r"cannot convert float (NaN|infinity) to integer|Cannot convert non-finite values",
     "Drop or fill missing values first: .dropna(), .fillna(0)"),
    (r"Unable to parse string|Unknown string format|unknown string format",
     "Values that are none become missing by errors='coerce': pandas.to_numeric(x, errors='coerce'), to_datetime likewise"),
    (r"(cannot reindex|Reindexing only valid)", "The index has repeated labels: .reset_index(drop=True), or "
     ".drop_duplicates()"),
    (r"You are trying to merge on", "The columns are of different types: convert one with .astype(str)"),
    (r"columns overlap but no suffix", "Both have columns of one name: suffixes=('_a', '_b')"),
    (r"Usecols do not match|Missing column provided to 'parse_dates'", "The file has other columns: look at df.columns"),
    (r"is not a valid value for color|Invalid RGBA argument", "Name a known color ('red', 'tab:blue', '#ff8800')"),
    (r"is not a valid value for (\w+); supported values are (.*)", lambda m, t, p: f"Choose one of {m[2][:300]}"),
    (r"is not a valid package style", "matplotlib.style.available lists the styles"),
    (r"num must be an integer|must be an integer with", "subplot(rows, columns, n) wants 1 <= n <= rows * columns"),
    (r"mutable default", "A list or dict as default is shared by all: field(default_factory=list)"),
    (r"Invalid literal for Fraction", "Fraction reads '1/3' and '0.25', and numbers"),
    (r"badly formed hexadecimal UUID", "A UUID has 32 hexadecimal digits"),
    (r"non-hexadecimal number found", "bytes.fromhex() reads pairs of hexadecimal digits only"),
    (r"is not a valid (\w+)$", _enum_members),
    (r"embedded null byte", "The path or text holds a NUL byte: text.replace('\\0', '')"),
    (r"byte must be in range|bytes must be in range", "A byte is 0 to 255"),
    (r"zip\(\) argument \d+ is (shorter|longer)", "The sequences are of different length: leave strict=True out, or make "
     "them equal"),
    (r"dictionary update sequence element", "dict() wants pairs of two: [(key, value), ...]"),
    (r"range\(\) arg 3 must not be zero|slice step cannot be zero", "The step must not be 0"),
    (r"Circular reference detected", "The data contains itself: replace the reference back by an id"),
    (r"Out of range float values are not JSON", "JSON has no NaN and no infinity: replace them by None"),
    (r"a must be (1-dimensional|non-empty)|'a' cannot be empty", "numpy.random.choice wants a list that is not empty"),
    (r"probabilities do not sum", "The probabilities have to sum up to 1: p / p.sum()"),
    (r"signal only works in main thread", "Set signal handlers in the main thread"),
    (r"task_done\(\) called too many times", "Call task_done() once for each get()"),
    (r"Sheet_name|openpyxl|Excel file format cannot be determined", "Excel files cannot be read here: send the data as CSV"),
    (r"unknown url type", "The sandbox has no network: open files by their path, without a scheme"),
    (r"empty separator", "split() without an argument splits at blanks; list(text) gives the characters"),
    (r"must be a (\w+), not|expected at most", "Look at the type of what is passed"),
    (r"list\.remove", "Test with `in` before removing"),
]  # fmt: skip


def for_value_error(error, record):
    text = record["message"]
    place = Place(error)
    if any(kind.__name__ == "JSONDecodeError" for kind in values.bases_of(error)):
        return [_json(error, text, place)]
    for pattern, advice in _RULES:
        match = re.search(pattern, text)
        if match:
            return [advice if type(advice) is str else advice(match, text, place)]
    if place.line.startswith("raise "):
        return [f"The script raises this itself (`{place.line[:80]}`): pass a value that its check lets through, or catch "
                "it"]  # fmt: skip
    return []


# --- keys and indexes -----------------------------------------------------------------------------------------------


def for_key_error(error, record):
    key = error.args[0] if error.args else None
    place = Place(error)
    text = record["message"]
    if re.search(r"\benviron\b", place.line):
        return [f"The environment has no {text}: send it in the request's `env`, or os.environ.get({text}, default)"]
    if "popitem" in text or "pop from an empty" in text:
        return ["It is empty: test it before taking something out"]
    if "No time zone found" in text:
        return [_time_zone(text)]
    if "not found in axis" in text or "not in index" in text or "are in the [" in text:
        return [_of_a_frame(text, text.strip('"'), place) or f"{text}: look at df.columns and df.index"]
    if re.search(r"\.remove\(", place.line):
        return [f"{text} is not in the set: test with `in`, or .discard(x), which does not mind"]
    return [_key_of(key, text, place) or f"The key {text} is not there: test with `in`, or read it with .get(key, default)"]


def _time_zone(text):
    name = text.strip("'\"").rpartition(" ")[2]
    near = nearest_names(name, available_timezones())
    return f"There is no time zone {name!r}. " + (f"Did you mean: {quoted(near)}?" if near else "They read Europe/Berlin")


def _key_of(key, text, place):
    container = _container(place, key)
    kind = type(container).__name__
    if kind in ("DataFrame", "DataFrameGroupBy", "Series", "_LocIndexer"):
        return _of_a_frame(text, key, place, container)
    if isinstance(container, type):
        return _enum_members((None, container.__name__), text, place)
    if isinstance(container, dict):
        return _key_of_a_dict(key, list(dict.keys(container))[:200], place)
    return _of_a_frame(text, key, place)


def _container(place, key):
    """What the line looks the key up in: the value of `name`, `name.name` or `name[...]` before [key] or .pop(key)."""
    for chain in re.findall(r"((?:[A-Za-z_]\w*)(?:\.\w+|\[[^\[\]]*\])*)(?:\[|\.pop\(|\.groupby\()", place.line):
        value = place.resolve(re.match(r"\w+", chain)[0])
        for step in re.findall(r"\[([^\[\]]*)\]", chain):
            inner = _literal_step(step, place)
            if isinstance(value, dict) and inner in value:
                value = dict.__getitem__(value, inner)
            elif type(value) in (list, tuple) and type(inner) is int and -len(value) <= inner < len(value):
                value = value[inner]
        # More than one is indexed: the one that lacks the key
        if isinstance(value, dict) and key not in value or not isinstance(value, dict) and value is not ABSENT:
            return value
    return ABSENT


def _literal_step(step, place):
    step = step.strip()
    if re.fullmatch(r"-?\d+", step):
        return int(step)
    if re.fullmatch(r"(['\"]).*\1", step):
        return step[1:-1]
    value = place.value(step)
    return value if type(value) in (str, int) else None


def _key_of_a_dict(key, known, place):
    if not known and re.search(r"\]\s*[-+*|]=", place.line) or re.search(r"\]\s*\+=", place.line):
        return f"The key {key!r} has no value to add to yet: counts.get(key, 0) + 1, or collections.defaultdict(int)"
    if not known:
        return f"The key {key!r} is not there: the dict is empty; .get(key, default) reads without an error"
    other = str(key) if type(key) is int else int(key) if type(key) is str and key.isdigit() else None
    if other is not None and other in known:
        return f"The key {key!r} is not there, but {other!r} is: one is a text, the other a number"
    near = nearest_names(key, known) if type(key) is str else []
    if near:
        return f"The key {key!r} is not there. Did you mean: {quoted(near)}?"
    if all(type(name) in (str, int) for name in known):
        listed = ", ".join(repr(name) for name in known[:10])
        return f"The key {key!r} is not there; the keys are: {listed[:400]}"
    return None


def _of_a_frame(text, key, place, found=ABSENT):
    """A column or label of a DataFrame among the line's variables."""
    candidates = [found] if found is not ABSENT else []
    candidates += [place.value(name) for name in re.findall(r"[A-Za-z_]\w*", place.line)]
    for value in candidates:
        kind = type(value).__name__
        value = getattr(value, "obj", value) if kind in ("DataFrameGroupBy", "_LocIndexer") else value
        if type(value).__name__ not in ("DataFrame", "Series"):
            continue
        if re.search(r"\.(loc|at)\[", place.line) and not re.search(r"\.loc\[[^\]]*,", place.line):
            labels = ", ".join(repr(name) for name in list(value.index)[:10])
            return f"No row has the label {text}: .loc takes labels (there are: {labels[:300]}), .iloc positions"
        columns = list(getattr(value, "columns", value.index))
        near = nearest_names(key if type(key) is str else str(key), [str(name) for name in columns])
        stripped = [name for name in columns if type(name) is str and type(key) is str and name.strip() == key.strip()]
        if stripped:
            return f"There is no column {text}; {stripped[0]!r} has blanks: df.columns = df.columns.str.strip()"
        listed = ", ".join(repr(name) for name in columns[:15])
        mean = f" Did you mean: {quoted(near)}?" if near else ""
        return f"There is no column {text}.{mean} The columns are: {listed[:400]}"
    return None


def for_index_error(error, record):
    text = record["message"]
    place = Place(error)
    bounds = re.search(r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)", text)
    if bounds:
        return [f"Axis {bounds[2]} has {bounds[3]} elements: valid indexes are 0 to {int(bounds[3]) - 1}"]
    rules = [
        (r"too many indices for array", "The array has fewer dimensions than there are indexes: print a.shape"),
        (r"single positional indexer is out-of-bounds|positional indexers are out-of-bounds",
         "There are fewer rows: valid positions are 0 to len(df) - 1"),
        (r"cannot fit 'int'", "The index is far too large: the last one is len(x) - 1"),
        (r"pop from (an )?empty|pop index", "It is empty: test it before taking something out"),
        (r"no such group", "The pattern has no such group: groups are its ( ) parts, .group(0) is the whole"),
        (r"Replacement index", "The text has more {} than there are values: pass one for each"),
        (r"Cannot choose from an empty", "The sequence is empty: test it first"),
        (r"tuple index out of range.*format", "The text has more {} than there are values"),
    ]  # fmt: skip
    for pattern, advice in rules:
        if re.search(pattern, text):
            return [advice]
    if re.search(r"\bargv\s*\[", place.line):
        return ["A script gets no command line here: send `args` or `kwargs`, which main() receives as parameters"]
    if re.search(r"\.split\([^)]*\)\s*\[", place.line):
        return ["The text has fewer parts than that: test len(parts) first"]
    return _index_of(place, text)


def _index_of(place, text):
    found = place.indexed()[1]
    if found is ABSENT:
        found = _inner_of_a_chain(place)
    if type(found) in (list, tuple, str):
        kind = type(found).__name__
        if "assignment" in text:
            return [f"The {kind} has {len(found)} elements, and assigning does not make it longer: use .append(x)"]
        if not found:
            return [f"The {kind} is empty: test it before taking an element"]
        return [f"The {kind} has {len(found)} elements: valid indexes are 0 to {len(found) - 1}"]
    if "assignment" in text:
        return ["Assigning does not make a list longer: use .append(x)"]
    return ["The index lies outside: the last element is at len(x) - 1, and an empty sequence has none"]


def _inner_of_a_chain(place):
    """The value that `name[i][j]` indexes last."""
    chain = re.search(r"([A-Za-z_]\w*)((?:\[[^\[\]]+\])+)\[[^\[\]]+\]", place.line)
    value = place.value(chain[1]) if chain else ABSENT
    for step in re.findall(r"\[([^\[\]]+)\]", chain[2]) if chain else ():
        index = _literal_step(step, place)
        if type(value) in (list, tuple) and type(index) is int and -len(value) <= index < len(value):
            value = value[index]
        elif type(value) is dict and index in value:
            value = value[index]
        else:
            return ABSENT
    return value
