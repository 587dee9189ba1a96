from graphlib import CycleError, TopologicalSorter


def main():
    tasks = {"deploy": {"test", "package"}, "package": {"build"}, "test": {"build"}, "build": {"fetch"}, "fetch": set()}
    order = list(TopologicalSorter(tasks).static_order())
    try:
        list(TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())
    except CycleError as error:
        cycle = len(error.args[1])
    return {"first": order[:2], "last": order[-1], "cycle": cycle}
