import functools


def checked(function):
    @functools.wraps(function)
    def wrapper(*args):
        if any(a < 0 for a in args):
            raise ValueError(f"negative argument for {function.__name__}: {args}")
        return function(*args)

    return wrapper


@checked
def root(x):
    return x**0.5


def main():
    return root(16) + root(-1)
