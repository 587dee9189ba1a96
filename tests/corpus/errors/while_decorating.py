def register(name):
    def decorate(function):
        raise LookupError("no registry for " + name)

    return decorate


@register("tools")
def helper():
    return 1


def main():
    return helper()
