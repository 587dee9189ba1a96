"""Advice about TypeErrors: operators, calls, subscripts, loops on values of a wrong type."""

import inspect
import re

from pyexec_guest.failing_place import ABSENT, Place, nearest_names, parameters_of, quoted, signature_of, static

_builtin_names = frozenset(
    """
    all any bool bytes dict enumerate filter float id input int len list map max min next object open print range
    reversed round set sorted str sum tuple type zip
    """.split()
)
_NONE = "The value is None: what made it returned nothing; a function without `return` gives None"
_AWAIT = "The function is async: put `await` before its call"

# --- operators ------------------------------------------------------------------------------------------------------


def _operands(match, text, place):
    operator, left, right = match.groups()
    kinds = {left, right}
    if "NoneType" in kinds:
        return "One side is None: the function that made it returned nothing"
    if "coroutine" in kinds:
        return _AWAIT
    if "str" in kinds and re.search(r"\bsum\(", place.line):
        return "sum() adds numbers: sum(int(x) for x in values); texts are put together by ''.join(values)"
    if operator == "^":
        return "^ is the exclusive or of integers: a power is written **"
    if kinds == {"list"} and operator == "-":
        return "Lists have no minus: [x for x in a if x not in b], or set(a) - set(b)"
    if kinds == {"dict"}:
        return "Merge dicts with a | b, or {**a, **b}"
    if kinds == {"set"}:
        return "Sets have no +: a | b is the union"
    if kinds & {"datetime.date", "datetime.datetime"} and kinds & {"int", "float"}:
        return "Add and subtract days with datetime.timedelta(days=n)"
    if "decimal.Decimal" in kinds and "float" in kinds:
        return "Decimal and float do not mix: Decimal(str(x)) for the float"
    if "list" in kinds and kinds & {"int", "float"}:
        return "A list is one side: loop over its elements, or use numpy.array(values)"
    if "str" in kinds:
        return "One side is a text: turn it into a number with int(x) or float(x)"
    return f"'{left}' and '{right}' do not go together with {operator}: convert one of them first"


def _comparison(match, text, place):
    _, left, right = match.groups()
    kinds = {left, right}
    ordering = re.search(r"\b(sorted|sort|min|max|nlargest|nsmallest)\b", place.line)
    if "NoneType" in kinds:
        return "One of the values is None: leave such values out, or put a default in their place"
    if "coroutine" in kinds:
        return _AWAIT
    if "str" in kinds and kinds & {"int", "float"}:
        more = "; or order all as texts with key=str" if ordering else ""
        return f"One of the values is a text: turn it into a number with int(x) or float(x){more}"
    if left == right == "dict":
        return "Dicts have no order: say by what, key=lambda item: item['name']"
    if left == right:
        return f"Objects of {left} have no order: say by what, key=lambda item: item.name, or define __lt__"
    return f"{left} and {right} have no common order: they are of another type; convert them, or pass key="


def _concatenate(match, text, place):
    left, right = match.group("to"), match.group("other")
    if left == "str" and right == "bytes":
        return "Turn the bytes into text with data.decode()"
    if left == "str":
        return "Turn the number into a text with str(x), or use an f-string"
    if left == "bytes" or "bytes" in text:
        return "Turn the text into bytes with text.encode()"
    return f"Put one element behind a {left} with values.append(x), or values + [x]"


# --- calls ----------------------------------------------------------------------------------------------------------


def _not_callable(match, text, place):
    kind = match[1]
    if kind == "NoneType":
        return _NONE + "; a decorator has to return a function"
    if kind == "coroutine":
        return _AWAIT
    if re.search(r"(?<![\w.])\d+(\.\d+)?\s*\(", place.line) or re.search(r"\)\s*\(", place.line) and kind in ("int", "float"):
        return "A multiplication needs its operator: write * before the ("
    for name in re.findall(r"(?<![\w.])([A-Za-z_]\w*)\s*\(", place.line):
        value = place.value(name)
        if value is ABSENT or callable(value):
            continue
        if kind == "module":
            if static(value, name) is not ABSENT:
                return f"'{name}' is a module: call what is in it, {name}.{name}(...)"
            return f"'{name}' is a module: call a function of it, {name}.something(...)"
        if name in _builtin_names:
            return f"The variable '{name}' hides Python's own {name}(): give the variable another name"
        if kind in ("list", "dict", "tuple", "DataFrame", "Series", "ndarray"):
            return f"'{name}' is a {kind}: its elements are read with [], {name}[...]"
        return f"'{name}' holds a {kind} and not a function: the variable may have taken the function's name"
    for owner, name in re.findall(r"([A-Za-z_]\w*)(?:\(\))?\.(\w+)\(", place.line):
        value = place.value(owner)
        kind_of_owner = value if inspect.isclass(value) else type(value)
        if value is not ABSENT and isinstance(static(kind_of_owner, name), property):
            return f"'{name}' is a property: read it without ()"
    if kind in ("list", "dict", "tuple", "DataFrame", "Series", "ndarray"):
        return f"It is a {kind}: its elements are read with []"
    return f"It is a {kind} and not a function: a variable may hide the function, or an operator is missing before the ("


def _defined_as(name, place):
    function = place.function(name)
    signature = signature_of(function) if inspect.isroutine(function) else None
    if not signature:
        return ""
    if name.endswith(".__init__"):
        signature = re.sub(r"^\(self(, )?", "(", signature)
        name = name[: -len(".__init__")]
    return f"{name} is defined as {name.rpartition('.')[2]}{signature}"


def _missing_arguments(match, text, place):
    name, missing = match.groups()
    if missing.startswith("'self'"):
        owner = name.rpartition(".")[0] or "Class"
        return f"The method is called on the class: make an object first, {owner}().{name.rpartition('.')[2]}()"
    defined = _defined_as(name, place)
    base = "; pass it on in super().__init__(...)" if "super()" in place.line else ""
    return f"Pass {missing}{base}" + (f": {defined}" if defined else "")


def _too_many_arguments(match, text, place):
    name = match[1]
    defined = _defined_as(name, place)
    function = place.function(name)
    if "." in name and "<locals>" not in name and "self" not in parameters_of(function):
        return f"A method's first parameter is self, `def {name.rpartition('.')[2]}(self, ...)`, or @staticmethod above it"
    keyword_only = "; what stands behind * is passed by name" if "*" in defined else ""
    return f"Pass fewer arguments{': ' if defined else ''}{defined}{keyword_only}"


def _no_arguments(match, text, place):
    owner = place.value(match[1])
    misspelt = [name for name in vars(owner) if re.fullmatch(r"_*init_*", name)] if inspect.isclass(owner) else []
    if misspelt and "__init__" not in misspelt:
        return f"{match[1]} defines {misspelt[0]}: the constructor is called __init__, with two _ on each side"
    return f"{match[1]} has no __init__ that takes arguments: define `def __init__(self, ...)`, or pass none"


def _unexpected_keyword(match, text, place):
    name, keyword = match.groups()
    parameters = parameters_of(place.function(name))
    near = nearest_names(keyword, parameters)
    if near:
        return f"There is no parameter '{keyword}'. Did you mean: {quoted(near)}?"
    defined = _defined_as(name, place)
    return f"There is no parameter '{keyword}'" + (f": {defined}" if defined else ": check the spelling")


_KEYWORDS_OF_BUILTINS = "key reverse default sep end file flush start encoding errors newline mode base strict".split()


def _invalid_keyword(match, text, place):
    near = nearest_names(match[1], _KEYWORDS_OF_BUILTINS)
    return f"There is no argument '{match[1]}'." + (f" Did you mean: {quoted(near)}?" if near else " Check the spelling")


# --- subscripts, loops, conversions ---------------------------------------------------------------------------------


def _not_subscriptable(match, text, place):
    kind = match[1]
    if kind == "NoneType":
        return _NONE
    if kind == "coroutine":
        return _AWAIT
    if kind in ("function", "method", "builtin_function_or_method", "type", "ABCMeta"):
        return "A function is called with (), not indexed with []"
    if kind in ("int", "float"):
        return "A number has no digits to index: str(n)[0] gives the first one"
    if kind in ("set", "frozenset", "generator", "map", "filter", "zip", "dict_keys", "dict_values", "dict_items",
                "enumerate", "odict_keys"):  # fmt: skip
        return f"A {kind} has no order to index: list(value)[0]"
    return f"The {kind} cannot be indexed with []: read its attributes with a dot, or define __getitem__"


def _not_iterable(match, text, place):
    kind = match[1]
    if kind == "NoneType":
        return _NONE
    if kind == "coroutine":
        return _AWAIT
    if re.search(r"\b(zip|list|set|tuple|sorted|enumerate|sum|max|min)\(", place.line) and kind in ("int", "float"):
        return f"A number cannot be looped over: pass a list, [value], or range(n) in place of the {kind}"
    if kind in ("int", "float"):
        return "Loop over range(n) for a number"
    if kind in ("function", "method", "builtin_function_or_method"):
        return "It is a function: call it with (), and loop over what it returns"
    return f"A {kind} cannot be looped over: loop over a list in it, or define __iter__"


def _no_len(match, text, place):
    kind = match[1]
    if kind == "NoneType":
        return _NONE + ", and so do list.append() and list.sort()"
    if kind in ("int", "float"):
        return f"A number has no length: len(str(x)) counts the digits of the {kind}"
    if kind in ("generator", "map", "filter", "zip"):
        return f"A {kind} does not know its length: len(list(value))"
    return f"A {kind} has no length: count what is in it, or define __len__"


def _sequence_index(match, text, place):
    sequence, index = match.groups()
    if index == "float":
        return "Indexes are whole numbers: divide with //, or int(i)"
    if sequence == "string":
        return "This is a text and no dict: json.loads(text) turns JSON into one; texts are indexed with whole numbers"
    if index == "str":
        return f"This is a {sequence} and no dict: take an element first, value[0]['name'], or loop over it"
    return f"Index a {sequence} with whole numbers; the value may be a {sequence} where a dict was expected"


def _as_integer(match, text, place):
    if match[1] == "str":
        return "The value is a text: turn it into a number with int(x)"
    if match[1] == "NoneType":
        return _NONE
    return f"A whole number is wanted and not a {match[1]}: int(x), or divide with //"


def _times_sequence(match, text, place):
    kind = match[1]
    if kind == "list":
        return "Two lists are not multiplied: [x * y for x, y in zip(a, b)], or numpy.array(a) * numpy.array(b)"
    return f"A text or list times a {kind}: turn texts into numbers with int(x) or float(x) first"


def _convert(match, text, place):
    function, kind = match.groups()
    if kind == "NoneType":
        return _NONE
    return f"{function}() wants one number or text and got a {kind}: convert its elements, [{function}(x) for x in values]"


_JSON_FORMS = {
    "set": "list(value)",
    "frozenset": "list(value)",
    "bytes": "value.decode(), or base64.b64encode(value).decode()",
    "ndarray": "value.tolist()",
    "Series": "value.tolist()",
    "DataFrame": "value.to_dict('records')",
    "Decimal": "float(value) or str(value)",
    "generator": "list(value)",
    "map": "list(value)",
    "zip": "list(value)",
    "range": "list(value)",
    "dict_keys": "list(value)",
    "dict_values": "list(value)",
    "complex": "[value.real, value.imag]",
}


def _not_json(match, text, place):
    kind = match[1]
    if kind in ("datetime", "date", "time", "UUID", "PosixPath", "timedelta", "Timestamp"):
        return f"Pass default=str to json.dumps, or convert the {kind} with str(value)"
    if kind in _JSON_FORMS:
        return f"Convert the {kind} first: {_JSON_FORMS[kind]}; or pass default=str to json.dumps"
    if re.fullmatch(r"u?int\d+|float\d+|bool_?", kind):
        return f"Turn NumPy's {kind} into Python's number with value.item(), or pass default=float to json.dumps"
    return f"Convert the {kind} first: vars(value), or pass default=vars (default=str) to json.dumps"


def _unpack_none(match, text, place):
    if match[1] == "NoneType":
        return _NONE
    return f"The right side is one {match[1]}: check what the function returns"


def _abstract(match, text, place):
    return f"Define {match[2]} in {match[1]}, as its abstract base wants it"


_RULES = [
    (r"(?P<head>can only) concatenate (?P<to>\w+) \(not \"(?P<other>\w+)\"\)", _concatenate),
    (r"can't concat (?P<other>\w+) to (?P<to>bytes|bytearray)", _concatenate),
    (r"unsupported operand type\(s\) for ([^:]+): '([\w.]+)' and '([\w.]+)'", _operands),
    (r"'([<>=]+)' not supported between instances of '([\w.]+)' and '([\w.]+)'", _comparison),
    (r"can't multiply sequence by non-int of type '([\w.]+)'", _times_sequence),
    (r"bad operand type for unary .: '([\w.]+)'", lambda m, t, p: f"The value is a {m[1]}: turn it into a number first"),
    (r"'([\w.]+)' object is not callable", _not_callable),
    (r"'([\w.]+)' object is not subscriptable", _not_subscriptable),
    (r"'([\w.]+)' object is not iterable|argument of type '([\w.]+)' is not iterable",
     lambda m, t, p: _not_iterable((None, m[1] or m[2]), t, p)),
    (r"object of type '([\w.]+)' has no len\(\)", _no_len),
    (r"cannot unpack non-iterable ([\w.]+) object", _unpack_none),
    (r"'([\w.]+)' object is not an iterator", "Make an iterator with iter(value) first"),
    (r"(list|tuple|string|byte) indices must be integers(?: or slices)?, not '?([\w.]+)'?", _sequence_index),
    (r"'([\w.]+)' object cannot be interpreted as an integer", _as_integer),
    (r"unhashable type", "Keys and set elements must not change: use a tuple or frozenset for a list or set; two "
     "dicts are compared by tuple(sorted(d.items()))"),
    (r"'(range|dict_keys|dict_values|map|filter|zip|generator)' object does not support item",
     lambda m, t, p: f"A {m[1]} cannot be changed: make a list of it first, list(value)"),
    (r"object does not support item (assignment|deletion)",
     "Texts and tuples cannot be changed: build a new one, or use a list"),
    (r"(\S+)\(\) missing \d+ required (?:positional|keyword-only) arguments?: (.*)", _missing_arguments),
    (r"(\S+)\(\) takes .*positional arguments? but", _too_many_arguments),
    (r"(\w+)\(\) takes no arguments", _no_arguments),
    (r"(\S+)\(\) got an unexpected keyword argument '(\w+)'", _unexpected_keyword),
    (r"'(\w+)' is an invalid keyword argument", _invalid_keyword),
    (r"(\S+)\(\) got multiple values for argument '(\w+)'",
     lambda m, t, p: f"'{m[2]}' is passed twice: by position and by name. {_defined_as(m[1], p)}".strip()),
    (r"object.__init__\(\) takes exactly one argument", "The base class takes no arguments: super().__init__() without any"),
    (r"Object of type (\w+) is not JSON serializable", _not_json),
    (r"keys must be str, int, float, bool or None, not (\w+)",
     lambda m, t, p: f"JSON keys are texts: {{str(key): value for key, value in data.items()}} in place of the {m[1]}"),
    (r"the JSON object must be str, bytes or bytearray, not (\w+)",
     lambda m, t, p: f"The value is a {m[1]} already: json.loads() reads a text, json.dumps() makes one"),
    (r"can't be used in 'await' expression", "What is awaited is no coroutine: define the function with `async def`, or "
     "call it without await"),
    (r"'async (for|with)' requires", lambda m, t, p: f"The object is not asynchronous: use a plain `{m[1]}`"),
    (r"a coroutine was expected", "Pass the call, main(), of a function that is defined with `async def`"),
    (r"does not support the (asynchronous )?context manager protocol",
     lambda m, t, p: "The class needs __aenter__ and __aexit__" if m[1] else
     "The object cannot be used with `with`: define __enter__ and __exit__, or use contextlib.closing(value)"),
    (r"sequence item \d+: expected str instance, (\w+) found",
     lambda m, t, p: "join() wants texts: ', '.join(str(x) for x in values)"),
    (r"Strings must be encoded before hashing", "Hash functions want bytes: text.encode()"),
    (r"write\(\) argument must be str, not bytes", 'Open the file with "wb" to write bytes, or data.decode() them first'),
    (r"write\(\) argument must be str, not (\w+)", "Turn the value into a text first: file.write(str(x)), or print(x, "
     "file=file)"),
    (r"a bytes-like object is required, not '?str", "Turn the text into bytes with text.encode()"),
    (r"must be str, not bytes|not supported.*'bytes'", "Turn the bytes into text with data.decode()"),
    (r"cannot use a string pattern on a bytes-like", "Pattern and text have to be of one kind: data.decode() first"),
    (r"cannot use a bytes pattern on a string", "Pattern and text have to be of one kind: r'...' in place of rb'...'"),
    (r"expected string or bytes-like object", "The value is no text: str(x) first, and None has to be left out"),
    (r"expected str, bytes or os.PathLike object, not (\w+)",
     lambda m, t, p: f"A path is wanted and not a {m[1]}: pass the file's name as a text"),
    (r"(int|float)\(\) argument must be .*, not '([\w.]+)'", _convert),
    (r"must be real number, not (\w+)",
     lambda m, t, p: _NONE if m[1] == "NoneType" else f"A number is wanted and not a {m[1]}: float(x) first"),
    (r"type (\w+) doesn't define __round__ method", lambda m, t, p: f"round() wants a number and not a {m[1]}: float(x)"),
    (r"exceptions must derive from BaseException", "Raise an exception: raise ValueError(\"text\")"),
    (r"catching classes that do not inherit", "`except` wants the class itself, without quotes: except ValueError:"),
    (r"Can't instantiate abstract class (\w+) with(?:out an implementation for)? abstract methods? (.*)", _abstract),
    (r"is(instance|subclass)\(\) arg 2 must be", "Name the type itself, without quotes, or a tuple of types: "
     "isinstance(x, (int, str))"),
    (r"offset-naive and offset-aware", "One has a time zone and the other has none: give both a tzinfo, "
     "datetime.now(timezone.utc)"),
    (r"not enough arguments for format string", "The text has more % places than there are values: pass a tuple of them"),
    (r"not all arguments converted during string formatting", "The text has fewer % places than there are values: one %s "
     "for each, or an f-string"),
    (r"%(\w) format: a (real )?number is required", lambda m, t, p: f"%{m[1]} wants a number: use %s, or convert first"),
    (r"unsupported format string passed to (\w+)\.__format__",
     lambda m, t, p: f"The value is a {'None' if m[1] == 'NoneType' else m[1]}, which takes no format: str(value) first"),
    (r"can only assign an iterable", "A slice is replaced by a list: a[0:2] = [5]"),
    (r"cannot convert dictionary update sequence", "dict() wants pairs: [(key, value), ...], or "
     "dict(enumerate(values))"),
    (r"consistent method resolution", "List a class before its own base: class C(B, A) where B is derived from A"),
    (r"metaclass conflict", "The bases have different metaclasses: derive from one of them only"),
    (r"first argument must be callable|must be callable", "Pass the function itself, without ()"),
    (r"'(\w+)' object does not support the asynchronous", _AWAIT),
    (r"cannot pickle '([\w.]+)' object|cannot pickle", "Only data and what is defined at the module level can be "
     "pickled: no open files, locks, generators and lambdas"),
    (r"Invalid comparison between dtype=(\S+) and (\w+)",
     lambda m, t, p: f"The column holds {m[1]} and is compared with a {m[2]}: convert it, pandas.to_numeric or to_datetime"),
    (r"no numeric data to plot|Could not convert .* to numeric|agg function failed",
     "A column holds texts: choose the numeric ones, df.select_dtypes('number'), or numeric_only=True"),
    (r"Cannot interpret '.*' as a data type", "The dimensions go in one tuple: numpy.zeros((2, 3))"),
    (r"only (integer scalar arrays|size-1 arrays|length-1 arrays)", "One number is wanted and not an array: a[0], "
     "a.item(), or a function of numpy's in place of math's"),
    (r"ufunc '(\w+)' not supported|ufunc '(\w+)' did not contain a loop",
     "The array holds objects or texts: a.astype(float) first"),
]  # fmt: skip


def for_type_error(error, record):
    text = record["message"]
    place = Place(error)
    for pattern, advice in _RULES:
        match = re.search(pattern, text)
        if match:
            return [advice if type(advice) is str else advice(match, text, place)]
    return []
