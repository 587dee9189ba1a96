import atexit

registry = []


def register(function):
    registry.append(function.__name__)
    return function


@register
def alpha(): ...


@register
def beta(): ...


print("loading", len(registry))
atexit.register(print, "goodbye")


def main():
    global registry
    registry = registry[::-1]
    return registry
