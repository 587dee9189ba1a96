import pprint
import textwrap

TEXT = """
    Beautiful is better than ugly. Explicit is better than implicit.
    Simple is better than complex. Flat is better than nested.
"""


def main():
    print(textwrap.fill(textwrap.dedent(TEXT).strip(), width=38, initial_indent="* ", subsequent_indent="  "))
    pprint.pprint({"numbers": list(range(30)), "nested": {"b": [1] * 5, "a": "x" * 60}}, width=60)
    return textwrap.shorten(TEXT, 40), textwrap.indent("a\nb", "> ")
