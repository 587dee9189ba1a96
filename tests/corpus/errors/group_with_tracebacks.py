def main():
    errors = []
    for text in ("a", "1", "b"):
        try:
            int(text)
        except ValueError as error:
            errors.append(error)
    raise ExceptionGroup("some texts are no numbers", errors)
