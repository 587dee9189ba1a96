from collections import OrderedDict


class LRU:
    def __init__(self, size):
        self.size, self.data = size, OrderedDict()

    def get(self, key):
        if key in self.data:
            self.data.move_to_end(key)
            return self.data[key]
        return -1

    def put(self, key, value):
        self.data[key] = value
        self.data.move_to_end(key)
        if len(self.data) > self.size:
            self.data.popitem(last=False)


def main():
    cache = LRU(2)
    cache.put(1, 1)
    cache.put(2, 2)
    answers = [cache.get(1)]
    cache.put(3, 3)
    answers += [cache.get(2), cache.get(3)]
    return answers, list(cache.data)
