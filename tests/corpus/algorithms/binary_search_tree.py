class Node:
    def __init__(self, key):
        self.key, self.left, self.right = key, None, None

    def insert(self, key):
        side = "left" if key < self.key else "right"
        child = getattr(self, side)
        if child is None:
            setattr(self, side, Node(key))
        else:
            child.insert(key)

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.key
        if self.right:
            yield from self.right

    def height(self):
        return 1 + max((child.height() for child in (self.left, self.right) if child), default=0)


def main():
    root = Node(50)
    for key in (30, 70, 20, 40, 60, 80, 10, 25, 65):
        root.insert(key)
    return {"sorted": list(root), "height": root.height()}
