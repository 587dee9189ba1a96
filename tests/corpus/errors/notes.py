def main():
    try:
        raise TimeoutError("no answer")
    except TimeoutError as error:
        error.add_note("while talking to the printer")
        error.add_note("second note\nof two lines")
        raise
