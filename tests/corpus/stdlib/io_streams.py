import io


def main():
    text = io.StringIO("one\ntwo\nthree\n")
    lines = [line.strip() for line in text]
    text.seek(4)
    rest = text.read(3)
    binary = io.BytesIO()
    wrapper = io.TextIOWrapper(binary, encoding="utf-16-le", newline="\r\n")
    wrapper.write("ä\n")
    wrapper.flush()
    return lines, rest, binary.getvalue()
