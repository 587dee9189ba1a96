def run(code, data=b""):
    jumps, stack = {}, []
    for i, ch in enumerate(code):
        if ch == "[":
            stack.append(i)
        elif ch == "]":
            jumps[i] = stack.pop()
            jumps[jumps[i]] = i
    tape, p, i, out = [0] * 300, 0, 0, ""
    while i < len(code):
        ch = code[i]
        if ch in "<>":
            p += 1 if ch == ">" else -1
        elif ch in "+-":
            tape[p] = (tape[p] + (1 if ch == "+" else -1)) % 256
        elif ch == ".":
            out += chr(tape[p])
        elif ch == "[" and not tape[p] or ch == "]" and tape[p]:
            i = jumps[i]
        i += 1
    return out


def main():
    return run("++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.")
