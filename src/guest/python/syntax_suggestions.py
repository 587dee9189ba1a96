"""Advice about sources that do not compile, by what CPython says of them and by what the line looks like."""

import re

_SYNTAX_RULES = [
    ("Missing parentheses in call to 'print'", "Python 3 prints with a function: print(\"text\")"),
    ("Missing parentheses in call to 'exec'", "Python 3 executes with a function: exec(\"code\")"),
    ("multiple exception types must be parenthesized", "Write `except (TypeError, ValueError) as error:`"),
    ("expected ':'", "Put a colon at the end of the line that opens the block (if, for, while, def, class, ...)"),
    ("was never closed", "Close the bracket that the caret points at"),
    ("unmatched", "Remove the closing bracket that the caret points at, or open it before"),
    ("does not match opening parenthesis", "Close brackets in the reverse order of opening them"),
    ("unterminated triple-quoted string", "End the text with the same three quotes that it begins with"),
    ("unterminated string literal", "End the text with the quote it begins with; use triple quotes across lines"),
    ("unterminated f-string", "End the f-string with the quote it begins with"),
    ("f-string", "Check the braces of the f-string: each { needs its }, and a literal brace is doubled: {{"),
    ("inconsistent use of tabs", "Indent with four spaces everywhere, and with no tab"),
    ("unindent does not match", "Indent the line by as much as the other lines of its block"),
    ("unexpected indent", "Remove the spaces before the line, or open a block (ending in a colon) above it"),
    ("expected an indented block", "Indent the body by four spaces; an empty body is written `pass`"),
    ("Maybe you meant '==' ", "Compare with ==; a single = assigns"),
    ("Maybe you meant '=='", "Compare with ==; a single = assigns"),
    ("cannot assign to", "The left side of = must be a name, an attribute, an item or a tuple of those"),
    ("Perhaps you forgot a comma", "Put a comma between the two elements that the carets underline"),
    ("'return' outside function", "Indent the return into a function; a script's result is what main() returns"),
    ("'await' outside", "Use await only inside `async def`; an `async def main()` is awaited here"),
    ("'yield' outside function", "Use yield only inside a function"),
    ("outside loop", "Use break and continue only inside a loop"),
    ("not properly in loop", "Use break and continue only inside a loop"),
    ("positional argument follows keyword", "Put positional arguments before keyword arguments"),
    ("non-default argument follows default", "Put parameters without a default before those with one"),
    ("parameter without a default follows", "Put parameters without a default before those with one"),
    ("duplicate argument", "Give each parameter a name of its own"),
    ("leading zeros in decimal integer", "Write octal numbers as 0o17, others without leading zeros"),
    ("invalid decimal literal", "A name cannot begin with a digit; put an operator between number and name"),
    ("invalid non-printable character", "Delete the invisible character and type the line anew"),
    ("invalid character", "Replace typographic quotes and signs by plain ASCII ones"),
    ("unexpected character after line continuation", "Nothing may follow a backslash at the end of a line"),
    ("unexpected EOF", "The source ends too early: a bracket, a text or a block is not finished"),
    ("from __future__ imports must occur", "Move `from __future__ import ...` to the first line of the script"),
    ("is assigned to before global", "Put the global statement at the beginning of the function"),
    ("is used prior to global", "Put the global statement at the beginning of the function"),
    ("import * only allowed at module level", "Name what you import, or move the import out of the function"),
    ("null bytes", "The script holds NUL bytes: send it as UTF-8 text"),
    ("too many nested parentheses", "Nest brackets less deep; build the value in a loop"),
    ("too many statically nested blocks", "Nest blocks less deep: move inner ones into functions"),
    ("maximum recursion depth", "The expression is nested too deep to compile: split it, or build it in a loop"),
]


def for_syntax_error(error):
    text = str(error)
    line = getattr(error, "text", None) or ""
    found = [advice for part, advice in _SYNTAX_RULES if part in text][:1]
    if not found and re.match(r"\s*except\s+[\w.]+\s*,", line):
        found.append("Write `except ValueError as error:`; the comma is Python 2")
    if not found and re.match(r"\s*print\b\s*[^(\s=]", line):
        found.append("Python 3 prints with a function: print(\"text\")")
    if not found and re.match(r"\s*raise\s+\w+\s*,", line):
        found.append("Write `raise ValueError(\"text\")`; the comma is Python 2")
    if not found and re.search(r"<>", line):
        found.append("Write != for unequal; <> is Python 2")
    if not found and re.search(r"(\+\+|--)\s*$", line.strip()):
        found.append("Python has no ++ and --: write `x += 1`")
    if not found and re.search(r"\b(else\s+if|elseif|elsif)\b", line):
        found.append("Write elif")
    if not found and re.search(r"&&|\|\||![^=]", line):
        found.append("Write `and`, `or` and `not` for &&, || and !")
    if not found and isinstance(error, MemoryError):
        found.append("The source is nested too deep to compile: split it, or build the value in a loop")
    if not found:
        at = f" in line {error.lineno}" if getattr(error, "lineno", None) else ""
        found.append(f"Check the syntax{at} where the caret points, and the line above it")
    return found
