"""A script that fails, for the guest only: it warms what reports errors."""


def main(*args, named=None, thorough=False):
    values = [1, 2, 3]
    try:
        values.first
    except AttributeError as error:
        raise ValueError("rehearsal") from error
