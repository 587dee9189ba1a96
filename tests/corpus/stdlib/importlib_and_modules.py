import importlib
import sys
import types


def main():
    module = types.ModuleType("plugin")
    exec("VERSION = (1, 2)\ndef run(): return 'ran'", vars(module))
    sys.modules["plugin"] = module
    loaded = importlib.import_module("plugin")
    json = importlib.import_module("json.decoder")
    return loaded.run(), loaded.VERSION, json.__name__, importlib.util.find_spec("no_such_module_x") is None
