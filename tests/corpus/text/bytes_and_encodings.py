def main():
    text = "Grüße, 世界"
    table = {}
    for name in ("utf-8", "utf-16", "utf-32-be", "gb18030", "punycode", "unicode_escape"):
        table[name] = text.encode(name).hex()
    broken = text.encode("latin-1", "replace"), text.encode("ascii", "xmlcharrefreplace")
    mojibake = "café".encode().decode("latin-1")
    return table, broken, mojibake, mojibake.encode("latin-1").decode()
