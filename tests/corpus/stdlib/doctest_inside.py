import doctest
import types


def main():
    module = types.ModuleType("shapes")
    module.__doc__ = """
    >>> 6 * 7
    42
    >>> 'abc'.upper()
    'ABCD'
    """
    outcome = doctest.testmod(module, report=False)
    print("attempted", outcome.attempted)
    return outcome.failed
