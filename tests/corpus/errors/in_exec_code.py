def main():
    code = "x = 1\ny = 0\nz = x / y\n"
    exec(code, {})
