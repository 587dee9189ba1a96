import math
import operator as op


def read(tokens):
    token = tokens.pop(0)
    if token == "(":
        items = []
        while tokens[0] != ")":
            items.append(read(tokens))
        tokens.pop(0)
        return items
    try:
        return int(token)
    except ValueError:
        return token


GLOBAL = {"+": op.add, "-": op.sub, "*": op.mul, "<": op.lt, "=": op.eq, "pi": math.pi}


def evaluate(x, env):
    if isinstance(x, str):
        return env[x]
    if not isinstance(x, list):
        return x
    if x[0] == "define":
        env[x[1]] = evaluate(x[2], env)
    elif x[0] == "if":
        return evaluate(x[2] if evaluate(x[1], env) else x[3], env)
    elif x[0] == "lambda":
        return lambda *args: evaluate(x[2], {**env, **GLOBAL, **dict(zip(x[1], args))})
    else:
        function, *args = (evaluate(e, env) for e in x)
        return function(*args)


def main():
    program = "(define fact (lambda (n) (if (< n 2) 1 (* n (fact (- n 1))))))"
    evaluate(read(program.replace("(", " ( ").replace(")", " ) ").split()), GLOBAL)
    return evaluate(["fact", 20], GLOBAL), evaluate(["+", 1, ["*", 2, 3]], GLOBAL)
