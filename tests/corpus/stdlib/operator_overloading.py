class Vector:
    def __init__(self, *v):
        self.v = v

    def __add__(self, other):
        return Vector(*(a + b for a, b in zip(self.v, other.v)))

    def __rmul__(self, k):
        return Vector(*(k * a for a in self.v))

    def __matmul__(self, other):
        return sum(a * b for a, b in zip(self.v, other.v))

    def __repr__(self):
        return f"Vector{self.v}"

    def __bool__(self):
        return any(self.v)

    def __getattr__(self, name):
        if name in "xyz":
            return self.v["xyz".index(name)]
        raise AttributeError(name)


def main():
    a, b = Vector(1, 2, 3), Vector(4, 5, 6)
    return repr(a + b), repr(3 * a), a @ b, bool(Vector(0, 0)), a.z, hasattr(a, "w")
