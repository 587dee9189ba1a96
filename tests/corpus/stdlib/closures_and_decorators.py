import functools
import time


def retry(times):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for attempt in range(1, times + 1):
                try:
                    return attempt, function(*args, **kwargs)
                except ValueError:
                    time.sleep(0)
            return times, None

        return wrapper

    return decorate


calls = []


@retry(5)
def flaky(limit):
    """Fails at first."""
    calls.append(limit)
    if len(calls) < limit:
        raise ValueError
    return "ok"


def main():
    return flaky(3), flaky.__name__, flaky.__doc__, len(calls)
