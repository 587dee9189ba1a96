from string import Template


def main():
    value, name = 1234567.891, "Zoë"
    return [
        f"{value:,.2f}|{value:e}|{value:>20.1f}|{-value:+.0f}",
        f"{name!r:*^12}|{name:<6}|{name!a}",
        f"{255:#x} {255:#b} {255:08o} {0.1234:.1%}",
        "%-10s|%05d|%.3f|%x" % ("left", 42, 3.14159, 255),
        "{0[1]} {1.real} {key}".format([1, 2], 3 + 4j, key="k"),
        Template("$who owes $$${amount}").substitute(who="Tim", amount=5),
        f"{name=} {3 * 4 = }",
    ]
