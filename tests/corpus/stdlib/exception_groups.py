def main():
    log = []
    try:
        try:
            raise ExceptionGroup("all", [ValueError("v"), ExceptionGroup("inner", [TypeError("t"), OSError(2, "gone")])])
        except* TypeError as group:
            log.append(["type", [str(e) for e in group.exceptions[0].exceptions]])
        except* ValueError as group:
            log.append(["value", group.message])
    except ExceptionGroup as rest:
        log.append(["rest", repr(rest.exceptions[0].exceptions[0])])
    return log
