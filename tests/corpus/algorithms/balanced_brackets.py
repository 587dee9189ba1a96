PAIRS = {")": "(", "]": "[", "}": "{"}


def check(text):
    stack = []
    for position, ch in enumerate(text):
        if ch in PAIRS.values():
            stack.append((ch, position))
        elif ch in PAIRS:
            if not stack or stack.pop()[0] != PAIRS[ch]:
                return f"wrong at {position}"
    return f"open at {stack[-1][1]}" if stack else "ok"


def main():
    return {text: check(text) for text in ("([]{})", "([)]", "((", "]", "", "a(b)c[d]{e}")}
