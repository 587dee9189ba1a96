import gc
import weakref


class Node:
    def __init__(self, name):
        self.name, self.other = name, None


def main():
    gone = []
    a, b = Node("a"), Node("b")
    a.other, b.other = b, a
    weakref.finalize(a, gone.append, "a")
    cache = weakref.WeakValueDictionary(a=a)
    before = "a" in cache
    del a, b
    gc.collect()
    return before, len(cache), gone
