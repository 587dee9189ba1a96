"""What a guest imports before it forks: what scripts commonly import, and what our own code needs."""

import gc
import importlib
import pkgutil
import sys
import threading

from pyexec_guest import ending, figures, forking, last_words, own_packages, packages, shared_maps

_LEAN = """
abc argparse array ast asyncio base64 binascii bisect calendar collections collections.abc concurrent.futures
concurrent.futures.process concurrent.futures.thread contextlib contextvars copy csv ctypes dataclasses datetime
decimal difflib enum fractions functools gc glob gzip hashlib heapq hmac html inspect io itertools json keyword
linecache locale logging math multiprocessing multiprocessing.connection multiprocessing.pool multiprocessing.queues
multiprocessing.synchronize multiprocessing.popen_fork numbers operator os pathlib pickle pprint queue random re
reprlib secrets shutil signal socket sqlite3 ssl stat statistics string struct subprocess sys tempfile textwrap
threading time timeit tokenize traceback types typing unicodedata unittest urllib.parse uuid warnings weakref zlib
zoneinfo
""".split()

_DATA = """
numpy numpy.linalg numpy.random numpy.fft numpy.ma pandas matplotlib matplotlib.pyplot matplotlib.figure
matplotlib.backends.backend_agg
""".split()

installed_modules = ()
packages_text = None  # of a data guest


def warm_up(kind, no_memory_group=False, site_packages="", modules=""):
    """Imports; `kind` is 0 (lean) or 1 (data). Returns None, or why the operator's own modules cannot be had."""
    if no_memory_group:
        shared_maps.install()
    if site_packages:
        own_packages.add(site_packages.split(":"))
    for name in _LEAN if kind == 0 else _LEAN + _DATA:
        try:
            importlib.import_module(name)
        except ImportError as error:
            if kind == 0 or name in _LEAN:
                raise
            sys.stderr.write(f"pyexec-guest: not preloaded: {name}: {error}\n")
    if kind == 1:
        _exercise_data_modules()
        for name in modules.split(",") if modules else ():
            complaint = own_packages.preload(name)
            if complaint:
                return complaint
    figures.install()
    last_words.install()
    ending.remember()
    global installed_modules, packages_text
    found = {module.name for module in pkgutil.iter_modules()}
    installed_modules = tuple(sorted(found | set(sys.stdlib_module_names)))
    if kind == 1:
        packages_text = packages.describe(found)
    return None


def _exercise_data_modules():
    """The first DataFrame, and the first figure, import and compute a good deal more."""
    if "pandas" in sys.modules:
        pandas = sys.modules["pandas"]
        frame = pandas.DataFrame({"key": ["a", "b", "a"], "value": [1.5, 2.5, None]})
        frame["day"] = pandas.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"])
        frame.groupby("key")["value"].mean()
        frame.merge(frame, on="key").sort_values("key").describe()
        frame.to_csv()
        repr(frame)
    if "matplotlib.pyplot" in sys.modules:
        import io

        plot = sys.modules["matplotlib.pyplot"]
        figure = plot.figure()
        figure.add_subplot().plot([1, 2], [1, 2], label="line")
        figure.savefig(io.BytesIO(), format="png")
        plot.close(figure)
        manager = sys.modules["matplotlib.font_manager"]
        for function in (manager._get_font, plot.matplotlib.get_configdir, plot.matplotlib.get_cachedir):
            getattr(function, "cache_clear", int)()  # an open font file, paths in the guest's own /tmp


def settle():
    """After the guest's own rehearsals: refuses a thread left running, and moves all objects out of the collector's
    reach, so that its passes in the sandboxes do not copy every page. Returns whether Python must be told of forks."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(5)
            if thread.is_alive():
                raise RuntimeError(f"a preloaded module left a thread running: {thread.name}")
    must_tell = forking.decide()
    gc.collect()
    gc.freeze()
    return must_tell
