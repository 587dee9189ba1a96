class Trie(dict):
    def __missing__(self, letter):
        self[letter] = Trie()
        return self[letter]

    def add(self, word):
        node = self
        for letter in word:
            node = node[letter]
        node["$"] = word

    def words(self):
        for key in sorted(self):
            if key == "$":
                yield self[key]
            else:
                yield from self[key].words()


def main():
    trie = Trie()
    for word in "car card care careful cat catalog dog do done".split():
        trie.add(word)
    node = trie
    for letter in "car":
        node = node[letter]
    return list(node.words())
