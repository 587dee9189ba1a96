import re


class Parser:
    def __init__(self, text):
        self.tokens = re.findall(r"\d+|[()+*/-]", text) + ["end"]

    def take(self, *kinds):
        if self.tokens[0] in kinds:
            return self.tokens.pop(0)

    def expression(self):
        value = self.term()
        while sign := self.take("+", "-"):
            value = value + self.term() if sign == "+" else value - self.term()
        return value

    def term(self):
        value = self.factor()
        while sign := self.take("*", "/"):
            value = value * self.factor() if sign == "*" else value // self.factor()
        return value

    def factor(self):
        if self.take("-"):
            return -self.factor()
        if self.take("("):
            value = self.expression()
            self.take(")")
            return value
        return int(self.tokens.pop(0))


def main():
    return [Parser(t).expression() for t in ("2+3*4", "-(2+3)*4", "100/7/2", "2*(3+(4-1)*5)")]
