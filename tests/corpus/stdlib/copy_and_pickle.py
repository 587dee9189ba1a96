import copy
import pickle


class Temperature:
    def __init__(self, celsius):
        self.celsius, self.cache = celsius, object()

    def __getstate__(self):
        return {"celsius": self.celsius}

    def __setstate__(self, state):
        self.__init__(state["celsius"])


def main():
    original = {"list": [1, [2, 3]], "t": Temperature(21.5)}
    shallow, deep = copy.copy(original), copy.deepcopy(original)
    original["list"][1].append(4)
    restored = pickle.loads(pickle.dumps(original, protocol=5))
    return shallow["list"], deep["list"], restored["t"].celsius, restored["list"]
