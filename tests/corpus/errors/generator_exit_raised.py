def main():
    raise GeneratorExit("raised by hand")
