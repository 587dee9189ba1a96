class Printer:
    def print_document(self):
        return "printed"


def main():
    return Printer().print_dokument()
