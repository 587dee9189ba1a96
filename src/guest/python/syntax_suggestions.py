"""Advice about sources that do not compile, by what the line looks like and by what CPython says of it."""

import keyword
import re

from pyexec_guest import source_lines

# What people write who think in another language, by the line that CPython stops at: they come first, since CPython's
# message is about Python then. Each with what the message has to hold, or None.
_LINE_RULES = [
    (r"^\s*```", None, "Take the lines with ``` out: they are Markdown's and not Python's"),
    (r"^\s*>>> ", None, "Take the >>> and the output lines out: they are the prompt of an interactive session"),
    (r"^\s*In \[\d*\]:", None, "Take the notebook's prompts (In [1]:) out"),
    (r"^\s*[!%]\s*(pip|conda)\b", None, "Packages cannot be installed at run time: take the line out"),
    (r"^\s*(pip3?|conda) install\b", None, "Packages cannot be installed at run time: take the line out"),
    (r"^\s*[!%]{1,2}\s*[a-z]+", "invalid syntax", "Take notebook commands that begin with % or ! out: they are not Python"),
    (r"^\s*//", "invalid syntax", "A comment begins with # in Python"),
    (r"^\s*/\*", "invalid syntax", "A comment begins with # in Python"),
    (r"^\s*#include\b", None, "This is C: the service runs Python"),
    (r"^\s*(async\s+)?function\b", "invalid syntax", "A function is defined by def: `def name(arguments):`"),
    (r"^\s*(const|let|var)\s+\w+", "invalid syntax", "A variable needs no keyword: `name = value`"),
    (r"^\s*(int|float|string|str|bool|double|char|auto)\s+\w+\s*=", "invalid syntax",
     "A variable needs no type before it: `name = value`, or `name: int = value`"),
    (r"^\s*(def|class|if|for|while|else|elif)\b.*\{\s*$", None,
     "A block is opened by a colon and indented, without braces"),
    (r"\)\s*=>|\w+\s*=>", "invalid syntax", "A small function is written `lambda x: x * 2`"),
    (r"\bnew\s+[A-Za-z_]\w*\s*\(", "invalid syntax", "An object is made without `new`: Name(arguments)"),
    (r"\?\?", None, "`a ?? b` is written `a if a is not None else b`, or `a or b`"),
    (r"\?.*:", "invalid syntax", "`condition ? a : b` is written `a if condition else b`"),
    (r"^\s*switch\s*\(?", "invalid syntax", "`switch` is written `match value:` with `case 3:`"),
    (r"^\s*(else\s+if|elseif|elsif)\b", None, "Write elif"),
    (r"^\s*foreach\b", "invalid syntax", "Write `for item in values:`"),
    (r"&&|\|\|", "invalid syntax", "Write `and`, `or` and `not` for &&, || and !"),
    (r"(^|[\s(=])![\w(]", "invalid syntax", "Write `not` for !"),
    (r"(\+\+|--)\s*;?\s*$", "invalid syntax", "Python has no ++ and --: write `x += 1`"),
    (r"<>", None, "Write != for unequal; <> is Python 2"),
    (r"`[^`]+`", "invalid syntax", "Backticks are Python 2: write repr(x)"),
    (r"^\s*except\s+[\w.]+\s*,", None, "Write `except ValueError as error:`, or `except (TypeError, ValueError):` for two"),
    (r"^\s*raise\s+\w+\s*,", "invalid syntax", "Write `raise ValueError(\"text\")`; the comma is Python 2"),
    (r"^\s*print\b\s*[^(\s=.]", None, "Python 3 prints with a function: print(\"text\")"),
    (r"^\s*import\s+[\w, ]+\s+from\b", "invalid syntax", "The order is `from module import name`"),
    (r"^\s*from\s+[\w.]+\s+import\s*$", None, "Name what to import: `from module import name`"),
    (r"^\s*[^#'\"]*\$\w", "invalid syntax", "A name has no $: take it away"),
    (r"lambda\b[^:]*:\s*(return|print\s+|if\s|for\s|raise\b)", "invalid syntax",
     "A lambda holds one expression, without return and other statements; use def for more"),
    (r"^\s*[A-Za-z_]\w*\s*:=", "invalid syntax", "A plain assignment is =; := stands in brackets inside an expression, (x := 3)"),
    (r"^[-+](\s|$)", None, "The line begins with the + or - of a diff: take such signs out"),
    (r"[=+\-*/%,]\s*$", "invalid syntax", "The line ends in an operator: an operand or a value is missing behind it"),
]  # fmt: skip

_MESSAGE_RULES = [
    ("Missing parentheses in call to 'exec'", "Python 3 executes with a function: exec(\"code\")"),
    ("multiple exception types must be parenthesized", "Write `except (TypeError, ValueError) as error:`"),
    ("expected ':'", "Put a colon at the end of the line that opens the block (if, for, while, def, class, ...)"),
    ("expected 'except' or 'finally'", "A `try:` needs an `except ...:` or `finally:` behind its block"),
    ("was never closed", "Close the bracket that the caret points at"),
    ("f-string: expecting '}'", "Check the braces of the f-string: each { needs its }, and a literal brace is doubled: {{"),
    ("f-string: unmatched", "Inside an f-string use other quotes than around it, f\"{d['key']}\", and close its braces"),
    ("f-string: unterminated", "Inside an f-string use other quotes than around it, f\"{d['key']}\""),
    ("unterminated f-string", "End the f-string with the quote it begins with"),
    ("f-string", "Check the braces of the f-string: each { needs its }, and a literal brace is doubled: {{"),
    ("unmatched", "Remove the closing bracket that the caret points at, or open it before"),
    ("does not match opening parenthesis", None),
    ("unterminated triple-quoted string", "End the text with the same three quotes that it begins with"),
    ("unterminated string literal", "End the text with the quote it begins with; use triple quotes across lines, and the "
     "other kind of quote around an apostrophe"),
    ("inconsistent use of tabs", "Indent with four spaces everywhere, and with no tab"),
    ("unindent does not match", "Indent the line by as much as the other lines of the same block"),
    ("unexpected indent", "Remove the spaces before the line, or open a block (ending in a colon) above it"),
    ("expected an indented block", "Indent the body by four spaces; an empty body is written `pass`"),
    ("(unicode error)", "A backslash begins an escape: write a path as a raw text, r\"C:\\Users\", or with /"),
    ("Perhaps you forgot a comma", "Put a comma between the two elements that the carets underline"),
    ("'return' outside function", "Indent the return into a function; a script's result is what main() returns"),
    ("'await' outside", "Use await only inside `async def`; an `async def main()` is awaited here"),
    ("outside async function", "Use it only inside `async def`; an `async def main()` is awaited here"),
    ("asynchronous comprehension outside", "Use it only inside `async def`; an `async def main()` is awaited here"),
    ("'yield' outside function", "Use yield only inside a function"),
    ("outside loop", "Use break and continue only inside a loop"),
    ("not properly in loop", "Use break and continue only inside a loop"),
    ("positional argument follows keyword", "Put positional arguments before keyword arguments"),
    ("keyword argument repeated", "The argument is passed twice: take one of the two away"),
    ("expression cannot contain assignment", "Name a keyword argument by a plain name, f(name=1); compare with =="),
    ("Generator expression must be parenthesized", "Put brackets around the generator expression: f((x for x in a), b)"),
    ("follows default argument", "Put parameters without a default before those with one"),
    ("parameter without a default follows", "Put parameters without a default before those with one"),
    ("duplicate argument", "Give each parameter a name of its own"),
    ("leading zeros in decimal integer", "Write octal numbers as 0o17, others without leading zeros"),
    ("invalid decimal literal", "A name cannot begin with a digit; put an operator between number and name"),
    ("invalid hexadecimal literal", "A hexadecimal number has digits 0 to 9 and a to f behind 0x"),
    ("invalid digit", "Binary numbers (0b) have the digits 0 and 1, octal ones (0o) 0 to 7"),
    ("invalid non-printable character", "Delete the invisible character and type the line anew"),
    ("invalid character", "Replace typographic quotes and signs by plain ASCII ones"),
    ("unexpected character after line continuation", "Nothing may follow a backslash at the end of a line, not even a blank"),
    ("unexpected EOF", "The source ends too early: a bracket, a text or a block is not finished"),
    ("from __future__ imports must occur", "Move `from __future__ import ...` to the first line of the script"),
    ("is assigned to before global", "Put the global statement at the beginning of the function"),
    ("is used prior to global", "Put the global statement at the beginning of the function"),
    ("is parameter and global", "A parameter cannot be global: give one of the two another name"),
    ("nonlocal", "nonlocal names a variable of an enclosing function; for one of the module level write `global`"),
    ("import * only allowed at module level", "Name what you import, or move the import out of the function"),
    ("trailing comma not allowed", "Take the comma at the end away, or put brackets around the names"),
    ("null bytes", "The script holds NUL bytes: send it as UTF-8 text"),
    ("cannot delete", "Only names, attributes and items can be deleted: del name, del data[key]"),
    ("starred expression", "A * unpacks inside a list or call: b = [*a], f(*a)"),
    ("starred assignment target", "A * on the left stands among other names: first, *rest = values"),
    ("expected after dictionary key", "A dict has key: value pairs; a set has no colons"),
    ("':' expected", "A dict has key: value pairs; a set has no colons"),
    ("expression expected after", "A value is missing behind the sign that the caret points at"),
    ("cannot mix bytes and nonbytes", "Put texts with texts and bytes with bytes: b'a' b'b'"),
    ("bytes can only contain ASCII", "Write the text as str and encode it: 'é'.encode()"),
    ("invalid escape sequence", "Write the text as a raw one, r'...', or double the backslash"),
    ("illegal target for annotation", "Only a name, attribute or item can have a type: `name: int = 1`"),
    ("too many nested parentheses", "Nest brackets less deep; build the value in a loop"),
    ("too many statically nested blocks", "Nest blocks less deep: move inner ones into functions"),
    ("maximum recursion depth", "The expression is nested too deep to compile: split it, or build it in a loop"),
    ("Missing parentheses in call to 'print'", "Python 3 prints with a function: print(\"text\")"),
    ("Did you mean print(", "Python 3 prints with a function: print(\"text\")"),
]  # fmt: skip


def _is_condition(line):
    return re.match(r"\s*(if|elif|while|assert|return)\b", line) is not None


def _assignment(text, line):
    if "Maybe you meant '=='" not in text and "cannot assign to" not in text:
        return None
    if _is_condition(line):
        return "Compare with ==; a single = assigns"
    named = re.match(r"\s*([A-Za-z_]\w*(-[A-Za-z_]\w*)+)\s*=", line)
    if named:
        return f"A name has no hyphen: write {named[1].replace('-', '_')}; the left side of = must be a name"
    reserved = re.search(r"cannot assign to (True|False|None|__debug__)", text)
    if reserved:
        return f"{reserved[1]} is a keyword and keeps its value: choose another name on the left side"
    return "The left side of = must be a name, an attribute, an item or a tuple of those; to compare write =="


def _keyword_as_name(line):
    """A reserved word where a name stands."""
    found = re.match(r"\s*([A-Za-z_]+)\s*(?:[-+*/]?=[^=]|:\s*\w+\s*=)", line)
    if found and keyword.iskeyword(found[1]):
        return found[1]
    found = re.match(r"\s*(?:async\s+)?(?:def\s+\w*\s*\(|class\s+|for\s+|import\s+)(.*)", line)
    for name in re.findall(r"[A-Za-z_]\w*", found[1].partition(")")[0]) if found else ():
        if keyword.iskeyword(name) and name not in ("None", "True", "False", "in", "lambda", "as", "if", "else"):
            return name
    return None


def _above(error):
    """The source lines before the error's."""
    lines = source_lines.getlines(source_lines.SCRIPT)
    return lines[: max(0, (getattr(error, "lineno", None) or 1) - 1)]


def _orphan(error, line):
    """An `else`, `except` and the like without what it belongs to, or a decorator above no function."""
    word = re.match(r"\s*(else|elif|except|finally)\b", line)
    if word:
        owner = {"else": "an `if`, `for`, `while` or `try`", "elif": "an `if`"}.get(word[1], "a `try:`")
        return f"`{word[1]}` belongs to {owner} of the same indentation, with nothing between the two blocks"
    before = [text for text in _above(error) if text.strip()]
    if before and before[-1].lstrip().startswith("@"):
        return "A decorator stands above a `def` or `class`"
    if before and re.search(r"[(\[{,]\s*$", before[-1]):
        return "A bracket of the line above is not closed, or a comma is missing there"
    return None


def _two_on_a_line(line):
    return re.search(r"^\s*\w+\s*=\s*[\w.'\"]+\s+\w+\s*=", line) is not None


def _looks_like_english(line):
    words = re.findall(r"[A-Za-z']+", line)
    return len(words) >= 4 and re.fullmatch(r"\s*[A-Z][A-Za-z',:;.!?\- ]+", line.rstrip()) is not None


def _by_message(text):
    for part, advice in _MESSAGE_RULES:
        if part in text:
            if advice is not None:
                return advice
            closing = re.search(r"closing parenthesis '(.)' does not match opening parenthesis '(.)'", text)
            return f"Close brackets in the reverse order of opening them: '{closing[2]}' is open before '{closing[1]}'" \
                if closing else None  # fmt: skip
    return None


def _by_line(error, text, line):
    for pattern, part, advice in _LINE_RULES:
        if (part is None or part in text) and re.search(pattern, line):
            return advice
    return None


def for_syntax_error(error):
    text = str(error)
    number = getattr(error, "lineno", None)
    line = getattr(error, "text", None) or source_lines.getline(source_lines.SCRIPT, number or 0)
    line = line if type(line) is str else ""
    found = _by_line(error, text, line[:1000]) or _assignment(text, line) or _by_message(text)
    if found:
        return [found]
    reserved = _keyword_as_name(line[:1000])
    if reserved:
        return [f"'{reserved}' is a keyword of Python: choose another name, such as {reserved}_"]
    if isinstance(error, MemoryError):
        return ["The source is nested too deep to compile: split it, or build the value in a loop"]
    if _two_on_a_line(line[:1000]):
        return ["Put each statement on a line of its own"]
    orphan = _orphan(error, line)
    if orphan:
        return [orphan]
    if _looks_like_english(line[:300]):
        return ["The line is English and no Python: send the program only, and put # before comments"]
    at = f" in line {number}" if number else ""
    return [f"Check the syntax{at} where the caret points, and the line above it"]
