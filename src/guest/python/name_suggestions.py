"""Advice about names that lead nowhere: modules that are not installed, imports, variables, attributes."""

import inspect
import re
import sys

from pyexec_guest import frames, values, warm
from pyexec_guest.failing_place import ABSENT, Place, nearest_names, quoted, static

NO_NETWORK = (
    "The sandbox has no network: send the data in the request (`files`, `stdin`, `args`) instead of fetching it"
)

# --- modules --------------------------------------------------------------------------------------------------------

_NETWORK_MODULES = frozenset(
    """
    aiobotocore aiohttp aiokafka aioredis anthropic azure boto boto3 botocore bottle celery cohere dash discord django
    elasticsearch fastapi feedparser flask ftputil google googleapiclient gradio grpc gspread httpx huggingface_hub kafka
    kubernetes langchain mechanize nats nltk_data openai paramiko pika playwright praw pycurl pymongo pyppeteer redis
    requests requests_html sanic scrapy selenium serpapi slack slack_sdk snowflake spotipy starlette streamlit stripe
    telegram tornado tweepy twilio urllib3 uvicorn websocket websockets werkzeug wget yfinance zmq
    """.split()
)
_PACKAGE_OF = {
    "cv2": "opencv",
    "PIL": "Pillow",
    "sklearn": "scikit-learn",
    "bs4": "beautifulsoup4",
    "yaml": "PyYAML",
    "dotenv": "python-dotenv",
    "docx": "python-docx",
    "MySQLdb": "mysqlclient",
    "fitz": "PyMuPDF",
    "Crypto": "pycryptodome",
}
_INSTEAD = {
    "polars": "pandas",
    "dask": "pandas",
    "modin": "pandas",
    "simplejson": "json",
    "ujson": "json",
    "orjson": "json",
    "ruamel": "json",
    "yaml": "json",
    "mock": "unittest.mock",
    "nose": "unittest",
    "pytest": "unittest",
    "attr": "dataclasses",
    "pydantic": "dataclasses",
    "marshmallow": "dataclasses",
    "pytz": "zoneinfo",
    "arrow": "datetime",
    "pendulum": "datetime",
    "seaborn": "matplotlib",
    "plotly": "matplotlib",
    "bokeh": "matplotlib",
    "altair": "matplotlib",
    "cv2": "numpy",
    "torch": "numpy",
    "tensorflow": "numpy",
    "keras": "numpy",
    "jax": "numpy",
    "cupy": "numpy",
    "numba": "numpy",
    "scipy": "numpy",
    "sklearn": "numpy",
    "xgboost": "numpy",
    "statsmodels": "numpy",
    "sympy": "fractions",
    "mpmath": "decimal",
    "gmpy2": "int, which is of any size,",
    "networkx": "heapq",
    "bs4": "html.parser",
    "lxml": "xml.etree.ElementTree",
    "xmltodict": "xml.etree.ElementTree",
    "markdown": "html",
    "toml": "tomllib",
    "openpyxl": "csv",
    "xlrd": "csv",
    "xlsxwriter": "csv",
    "psycopg": "sqlite3",
    "psycopg2": "sqlite3",
    "pymysql": "sqlite3",
    "MySQLdb": "sqlite3",
    "mysql": "sqlite3",
    "sqlalchemy": "sqlite3",
    "peewee": "sqlite3",
    "pysqlite3": "sqlite3",
    "duckdb": "sqlite3",
    "loguru": "logging",
    "regex": "re",
    "nltk": "re",
    "spacy": "re",
    "joblib": "pickle",
    "dill": "pickle",
    "cloudpickle": "pickle",
    "Crypto": "hashlib",
    "docx": "zipfile",
    "click": "argparse",
    "typer": "argparse",
    "StringIO": "io",
    "cStringIO": "io",
    "cPickle": "pickle",
    "Queue": "queue",
    "urllib2": "urllib.parse",
    "urlparse": "urllib.parse",
    "ConfigParser": "configparser",
    "HTMLParser": "html.parser",
    "Tkinter": "matplotlib",
    "tkinter": "matplotlib",
    "turtle": "matplotlib",
    "__builtin__": "builtins",
}


def missing_module(error, record, main):
    name = error.name or ""
    top = name.partition(".")[0]
    package = f" (the package {_PACKAGE_OF[top]})" if top in _PACKAGE_OF else ""
    near = nearest_names(top, warm.installed_modules)
    found = []
    if top in _NETWORK_MODULES:
        found.append(f"'{top}' is not installed, and it could not work: {NO_NETWORK[0].lower()}{NO_NETWORK[1:]}")
    elif "." in name and (top in sys.stdlib_module_names or top in warm.installed_modules):
        found.append(f"'{top}' is installed, but it has no module '{name}': check the spelling")
    elif top in _INSTEAD:
        found.append(f"'{top}'{package} is not installed; '{_INSTEAD[top]}' is, and does a similar job")
    elif top == "dotenv":
        found.append(f"'{top}'{package} is not installed: send environment variables in the request's `env`")
    elif top in sys.stdlib_module_names:
        found.append(f"'{top}' belongs to Python, but this system does not carry it")
    elif near:
        found.append(f"'{top}' is not installed. The nearest installed: {quoted(near)}")
    else:
        found.append(f"'{top}'{package} is not installed")
    found.append(
        "Packages cannot be installed at run time: use the standard library, numpy, pandas or matplotlib, or post the "
        "module's source in `files`"
    )
    return found


def import_failed(error, record, main):
    text = record["message"]
    if "relative import" in text:
        return ["Import by name, `import helper` or `from helper import name`, and post helper.py in `files`"]
    match = re.match(r"cannot import name '(\w+)' from (partially initialized module )?'([\w.]+)'", text)
    if match is None:
        return []
    if match[2]:
        return [f"'{match[3]}' imports itself in a circle: is a posted file named like a module of Python's?"]
    moved = _moved(match[3], match[1])
    if moved:
        return [moved]
    module = sys.modules.get(match[3])
    near = nearest_names(match[1], vars(module)) if module is not None else []
    if near:
        return [f"'{match[3]}' has no '{match[1]}'. Did you mean: {quoted(near)}?"]
    return [f"'{match[3]}' has no '{match[1]}': check the spelling, and the version that the tutorial was written for"]


# What went elsewhere, by module and name.
_MOVED = {
    ("string", "letters"): "string.ascii_letters",
    ("string", "lowercase"): "string.ascii_lowercase",
    ("string", "uppercase"): "string.ascii_uppercase",
    ("string", "join"): "separator.join(texts)",
    ("string", "maketrans"): "str.maketrans",
    ("urllib", "urlencode"): "urllib.parse.urlencode",
    ("urllib", "quote"): "urllib.parse.quote",
    ("urllib", "unquote"): "urllib.parse.unquote",
    ("urllib", "parse"): "`import urllib.parse`",
    ("urllib", "request"): "`import urllib.request`; but the sandbox has no network",
    ("time", "clock"): "time.perf_counter()",
    ("os", "getcwdu"): "os.getcwd()",
    ("os", "errno"): "`import errno`",
    ("inspect", "getargspec"): "inspect.getfullargspec",
    ("asyncio", "coroutine"): "`async def`",
    ("asyncio", "async"): "asyncio.create_task",
    ("asyncio", "get_event_loop_policy"): "asyncio.run",
    ("cgi", "escape"): "html.escape",
    ("itertools", "izip"): "zip",
    ("itertools", "imap"): "map",
    ("itertools", "ifilter"): "filter",
    ("sys", "maxint"): "sys.maxsize",
    ("random", "randInt"): "random.randint",
    ("fractions", "gcd"): "math.gcd",
    ("math", "inv"): "1 / x",
    ("json", "read"): "json.loads(text)",
    ("json", "write"): "json.dumps(value)",
    ("numpy", "float"): "float",
    ("numpy", "int"): "int",
    ("numpy", "bool"): "bool",
    ("numpy", "object"): "object",
    ("numpy", "str"): "str",
    ("numpy", "complex"): "complex",
    ("numpy", "long"): "int",
    ("pandas", "Panel"): "a DataFrame with a MultiIndex",
    ("pandas", "rolling_mean"): "series.rolling(n).mean()",
    ("pandas", "scatter_matrix"): "pandas.plotting.scatter_matrix",
}


def _moved(module_name, name):
    if (module_name, name) in _MOVED:
        return f"'{module_name}.{name}' is not there any more, or never was: use {_MOVED[module_name, name]}"
    if module_name == "collections" and name in dir(sys.modules.get("collections.abc")):
        return f"'{name}' lives in collections.abc: `from collections.abc import {name}`"
    module = sys.modules.get(module_name)
    own_class = vars(module).get(module_name.rpartition(".")[2]) if module is not None else None
    if isinstance(own_class, type) and static(own_class, name) is not ABSENT:
        return (
            f"'{module_name}' is the module; it holds a class of the same name: write {module_name}.{module_name}.{name}"
            f", or import it by `from {module_name} import {module_name}`"
        )
    return None


# --- variables ------------------------------------------------------------------------------------------------------

_IMPORTABLE = ("math", "json", "os", "sys", "re", "random", "time", "datetime", "numpy", "pandas")
_USUAL_ALIASES = {"np": "import numpy as np", "pd": "import pandas as pd", "plt": "import matplotlib.pyplot as plt"}
_OF_OTHER_LANGUAGES = {
    "xrange": "range",
    "raw_input": "input",
    "unicode": "str",
    "long": "int",
    "basestring": "str",
    "unichr": "chr",
    "reduce": "functools.reduce",
    "reload": "importlib.reload",
    "cmp": "(a > b) - (a < b)",
    "execfile": "exec(open(path).read())",
    "null": "None",
    "NULL": "None",
    "nil": "None",
    "undefined": "None",
    "true": "True",
    "TRUE": "True",
    "false": "False",
    "FALSE": "False",
    "NaN": "float('nan')",
    "this": "self",
    "console": "print()",
    "printf": "print()",
    "println": "print()",
    "echo": "print()",
    "parseInt": "int()",
    "parseFloat": "float()",
    "string": "str",
    "array": "a list, [1, 2]",
    "Math": "the module math",
    "JSON": "the module json",
}
_HOMES = {
    "math": "sqrt pi sin cos tan exp log log2 log10 ceil floor factorial gcd lcm hypot atan2 radians degrees isclose prod "
    "comb perm inf nan",
    "collections": "defaultdict Counter deque namedtuple OrderedDict ChainMap",
    "dataclasses": "dataclass field asdict replace",
    "datetime": "timedelta date timezone",
    "pathlib": "Path PurePath",
    "decimal": "Decimal ROUND_HALF_UP getcontext",
    "fractions": "Fraction",
    "enum": "Enum IntEnum Flag auto",
    "typing": "List Dict Set Tuple Optional Union Any Callable Iterable Iterator Sequence Mapping TypeVar Generic "
    "NamedTuple TypedDict Protocol Literal",
    "itertools": "permutations combinations product chain accumulate groupby islice count cycle repeat zip_longest "
    "takewhile dropwhile pairwise starmap",
    "functools": "partial lru_cache cache wraps total_ordering cached_property singledispatch",
    "time": "sleep perf_counter",
    "random": "randint choice shuffle sample uniform randrange",
    "abc": "ABC abstractmethod",
    "heapq": "heappush heappop heapify nlargest nsmallest",
    "bisect": "bisect_left bisect_right insort",
    "copy": "deepcopy",
    "contextlib": "contextmanager suppress redirect_stdout ExitStack",
    "concurrent.futures": "ThreadPoolExecutor ProcessPoolExecutor as_completed",
    "threading": "Thread Lock",
    "multiprocessing": "Pool Process",
    "statistics": "mean median stdev",
    "io": "StringIO BytesIO",
    "pprint": "pprint",
    "urllib.parse": "urlparse urlencode quote",
    "textwrap": "dedent",
    "string": "ascii_lowercase ascii_uppercase ascii_letters digits",
    "zoneinfo": "ZoneInfo",
    "numpy": "ndarray linspace arange",
    "pandas": "DataFrame Series read_csv",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}


def unbound(error, record, main):
    name = error.name or "".join(re.findall(r"variable '(\w+)'", record["message"])[:1])
    place = Place(error)
    code = place.frame.f_code if place.frame is not None else None
    if code is not None and name not in place.frame.f_globals and not code.co_freevars and code.co_flags & 0x10 == 0:
        return [
            f"'{name}' gets its value on another path than the one taken (an `if`, a loop that ran zero times, a `try`): "
            f"give '{name}' a value before that"
        ]
    return [
        f"'{name}' is assigned to somewhere in this function, so it is local in all of it: assign it before its "
        f"use, or declare `global {name}` (`nonlocal {name}` in an inner function)"
    ]


def name_unknown(error, record, main):
    name = error.name or "".join(re.findall(r"variable '(\w+)'", record["message"])[:1])
    if type(error) is UnboundLocalError:
        return unbound(error, record, main)
    if name in _USUAL_ALIASES:
        return [f"Add `{_USUAL_ALIASES[name]}` at the top of the script"]
    if name == "main":
        return ["The script calls main() but does not define it: add `def main():` at the module level"]
    place = Place(error)
    owner = place.value("self")
    if owner is not ABSENT and static(owner, name) is not ABSENT:
        call = "()" if inspect.isroutine(static(owner, name)) else ""
        return [f"'{name}' belongs to the object: write self.{name}{call}"]
    if name in _OF_OTHER_LANGUAGES:
        return [f"'{name}' is not a name of Python 3: use {_OF_OTHER_LANGUAGES[name]}"]
    found = []
    if name in _HOME_OF:
        found.append(f"Add `from {_HOME_OF[name]} import {name}` at the top of the script")
    elif name in sys.stdlib_module_names or name in _IMPORTABLE:
        found.append(f"Add `import {name}` at the top of the script")
    hint = frames.hint_of(error)
    near = [] if "Did you mean" in hint else nearest_names(name, place.names(), 1, 0.6)
    if "Did you mean" in hint:
        found.append(f"'{name}' is not defined{hint}")
    elif near:
        found.append(f"'{name}' is not defined. Did you mean: {quoted(near)}?")
    if not found:
        found.append(f"'{name}' is not defined where it is used: define, import or spell it as it is defined")
        found += _elsewhere(name, place)
    if not re.search(rf"\b{name}\s*[(.\[]", place.line):
        found.append(f'If it is meant as a text, put quotes around it: "{name}"')
    return found


def _elsewhere(name, place):
    """The name is a local variable of another function of the script's."""
    if place.frame is None:
        return []
    for function_name, function in list(place.frame.f_globals.items()):
        code = getattr(function, "__code__", None) if inspect.isfunction(function) else None
        if code is not None and name in code.co_varnames:
            return [f"'{name}' is a local variable of {function_name}(): return it from there"]
    return []


# --- attributes -----------------------------------------------------------------------------------------------------

_ATTRIBUTES = {
    "list": {
        "push": ".append(x)",
        "add": ".append(x), or a set",
        "unshift": ".insert(0, x)",
        "shift": ".pop(0)",
        "concat": "a + b",
        "map": "[f(x) for x in values], or list(map(f, values))",
        "filter": "[x for x in values if f(x)]",
        "forEach": "for x in values:",
        "join": '", ".join(values): join belongs to the separator',
        "indexOf": ".index(x)",
        "includes": "`x in values`",
        "contains": "`x in values`",
        "split": "split() on a text: this is a list of texts already",
        "strip": "[text.strip() for text in values]",
        "lower": "[text.lower() for text in values]",
        "replace": "[text.replace(a, b) for text in values]",
        "keys": "range(len(values)): a list has no keys",
        "items": "enumerate(values): a list has no keys",
        "get": "values[i]: a list has no keys",
        "values": "the list itself: it has no keys",
        "shape": "numpy.array(values).shape, or len(values)",
        "reshape": "numpy.array(values).reshape(...)",
        "mean": "sum(values) / len(values), or statistics.mean(values)",
        "sum": "sum(values)",
        "max": "max(values)",
        "min": "min(values)",
        "sorted": "sorted(values), or .sort()",
        "reversed": "reversed(values), or .reverse()",
        "unique": "set(values)",
        "flatten": "[x for row in values for x in row]",
        "isEmpty": "`not values`",
    },
    "set": {"append": ".add(x)", "push": ".add(x)", "extend": ".update(values)", "sort": "sorted(values)"},
    "tuple": {"append": "a list, or values + (x,)", "sort": "sorted(values)", "remove": "a list"},
    "dict": {
        "has_key": "`key in data`",
        "iteritems": ".items()",
        "itervalues": ".values()",
        "iterkeys": ".keys()",
        "append": "data[key] = value",
        "add": "data[key] = value",
        "push": "data[key] = value",
        "put": "data[key] = value",
        "set": "data[key] = value",
        "sort": "dict(sorted(data.items()))",
        "remove": "data.pop(key), or del data[key]",
        "contains": "`key in data`",
    },
    "dict_keys": {"sort": "sorted(data)", "append": "list(data)", "index": "list(data).index(key)"},
    "dict_values": {"sort": "sorted(data.values())", "index": "list(data.values()).index(x)"},
    "dict_items": {"sort": "sorted(data.items())"},
    "str": {
        "trim": ".strip()",
        "toLowerCase": ".lower()",
        "toUpperCase": ".upper()",
        "toString": "the text itself",
        "substring": "text[start:end]",
        "substr": "text[start:end]",
        "slice": "text[start:end]",
        "charAt": "text[i]",
        "contains": "`part in text`",
        "includes": "`part in text`",
        "indexOf": ".find(part)",
        "startsWith": ".startswith(part)",
        "endsWith": ".endswith(part)",
        "replaceAll": ".replace(old, new)",
        "reverse": "text[::-1]",
        "append": "text + other, or a list of texts and ''.join()",
        "push": "text + other",
        "sort": "''.join(sorted(text))",
        "decode": "the text itself: a str is decoded already; text.encode() gives bytes",
        "read": "the text itself: json.loads(text) and not json.load(text), io.StringIO(text) where a file is wanted",
        "isNumeric": ".isnumeric()",
        "keys": "json.loads(text) first: this is a text, no dict",
        "get": "json.loads(text) first: this is a text, no dict",
        "items": "json.loads(text) first: this is a text, no dict",
        "strftime": "datetime.datetime.fromisoformat(text) first: this is a text, no date",
        "year": "datetime.datetime.fromisoformat(text) first: this is a text, no date",
    },
    "bytes": {"encode": ".decode(): bytes are encoded already", "format": ".decode() first"},
    "int": {"length": "len(str(n))", "toString": "str(n)", "split": "str(n) first", "append": "a list: this is an int"},
    "float": {"toFixed": 'f"{x:.2f}"', "round": "round(x, 2)"},
    "generator": {"append": "list(values)", "sort": "sorted(values)", "next": "next(values)"},
    "map": {"append": "list(values)", "sort": "sorted(values)", "next": "next(values)"},
    "DataFrame": {
        "append": "pandas.concat([a, b])",
        "iteritems": ".items()",
        "ix": ".loc or .iloc",
        "as_matrix": ".to_numpy()",
        "sort": ".sort_values(by)",
        "unique": "['column'].unique()",
        "to_list": ".values.tolist()",
        "tolist": ".values.tolist()",
        "str": "['column'].str: it belongs to one column",
    },
    "Series": {
        "append": "pandas.concat([a, b])",
        "iteritems": ".items()",
        "ix": ".loc or .iloc",
        "as_matrix": ".to_numpy()",
        "sort": ".sort_values()",
        "columns": ".to_frame().columns: this is one column",
    },
    "ndarray": {
        "append": "numpy.append(a, x)",
        "length": "len(a), a.shape",
        "push": "numpy.append(a, x)",
        "index": "numpy.where(a == x)",
        "map": "numpy.vectorize(f)(a)",
        "groupby": "a pandas.DataFrame",
        "head": "a pandas.DataFrame, or a[:5]",
    },
}


_KEYWORDS_OF_PLOTS = (
    "color linewidth linestyle marker markersize label alpha figsize fontsize bins width height title xlabel ylabel "
    "edgecolor facecolor cmap zorder"
).split()


def _attribute_of_none(error, place):
    name = error.name
    call = re.search(rf"(\w+)\([^()]*\)\s*\.\s*{name}\b", place.line) if name else None
    variable = re.search(rf"(?<![\w.)])(\w+)\s*\.\s*{name}\b", place.line) if name else None
    if call:
        subject = f"{call[1]}() gave None there"
    elif variable and place.value(variable[1]) is None:
        subject = f"'{variable[1]}' is None"
    else:
        subject = f"The value before .{name} is None"
    return [
        f"{subject}: a function without `return` on the path that was taken gives None, so do re.match() and dict.get() "
        "when they find nothing, and methods such as list.sort() and list.append()"
    ]


def attribute_unknown(error, record, main):
    text = record["message"]
    place = Place(error)
    if text.startswith("'NoneType' object has no attribute"):
        return _attribute_of_none(error, place)
    if text.startswith("'coroutine' object"):
        return ["The function is async: put `await` before its call"]
    if "Can't pickle" in text or "Can't get attribute" in text:
        return ["Only what is defined at the module level can be pickled: no lambdas, no inner functions"]
    keyword = re.search(r"unexpected keyword argument '(\w+)'", text)
    if keyword:
        near = nearest_names(keyword[1], _KEYWORDS_OF_PLOTS)
        return [f"There is no argument '{keyword[1]}'." + (f" Did you mean: {quoted(near)}?" if near else "")]
    if "circular import" in text or text.startswith("partially initialized module"):
        return ["A posted file is named like the module that it imports: rename the file"]
    module = re.match(r"module '([\w.]+)' has no attribute '(\w+)'", text)
    if module:
        moved = _moved(module[1], module[2])
        if moved:
            return [moved]
        found = _shadowed(module[1])
        if found:
            return found
    return _attribute_of_a_value(error, text, place)


def _shadowed(module_name):
    path = getattr(sys.modules.get(module_name), "__file__", None)
    if type(path) is str and path.startswith("/tmp/") and module_name in sys.stdlib_module_names:
        return [f"The posted file {path[5:]} hides Python's own module '{module_name}': rename the file"]
    return []


def _attribute_of_a_value(error, text, place):
    value, name = error.obj, error.name or ""
    missing = re.search(r"object has no attribute '(\w+)'$", text) if value is None else None
    if missing:  # an assignment: CPython does not tell to what
        name = missing[1]
        owner = re.search(rf"(\w+)\.{name}\s*=", place.line)
        value = place.value(owner[1]) if owner else None
        value = None if value is ABSENT else value
    kind = values.type_name(value).rpartition(".")[2] if value is not None else ""
    instead = _ATTRIBUTES.get(kind, {}).get(name)
    if instead:
        return [f"A {kind} has no attribute '{name}': use {instead}"]
    if name in ("length", "size", "len") and value is not None and static(value, "__len__") is not ABSENT:
        return [f"A {kind} has no attribute '{name}': use len(value)"]
    hint = frames.hint_of(error)
    if "Did you mean" in hint:
        return [f"{text}{hint}"]
    if inspect.isroutine(value):
        return [f"It is a function: call it first, {getattr(value, '__name__', 'function')}().{name}"]
    if kind == "dict":
        return [f"A dict has no attribute '{name}': its members are read as data['{name}']"]
    if kind in _ATTRIBUTES:
        near = nearest_names(name, dir(value), 1)
        mean = f" Did you mean: {quoted(near)}?" if near else " print(type(value)) shows what the name really holds"
        return [f"A {kind} has no attribute '{name}'.{mean}"]
    if text.startswith("module "):
        near = nearest_names(name, vars(value)) if type(value) is type(sys) else []
        if near:
            return [f"{text}. Did you mean: {quoted(near)}?"]
        return [f"{text}: is a posted file named like the module, or is the name spelt differently?"]
    return _attribute_of_an_own_class(value, name, text)


def _attribute_of_an_own_class(value, name, text):
    bases = values.bases_of(value) if value is not None else ()
    if any(type.__getattribute__(base, "__dict__").get("__slots__") is not None for base in bases):
        return [f"{text}: the class has __slots__, which name all attributes there may be; add '{name}' to them"]
    module = type.__getattribute__(type(value), "__module__") if value is not None else ""
    if module in ("script", "__main__"):
        return [f"Nothing has set .{name} on this object: set it in __init__ (`self.{name} = ...`), or check the spelling"]
    return [f"{text}: check the spelling; dir(value) lists what is there"]
