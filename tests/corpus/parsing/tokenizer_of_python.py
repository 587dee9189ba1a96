import io
import keyword
import token
import tokenize


def main():
    source = "def f(x):\n    return x ** 2  # square\n"
    kinds = [(token.tok_name[t.type], t.string) for t in tokenize.generate_tokens(io.StringIO(source).readline)]
    return [k for k in kinds if k[1].strip()], sorted(s for _, s in kinds if keyword.iskeyword(s))
