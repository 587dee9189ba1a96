def main():
    code = compile("def broken(:\n    pass", "<template>", "exec")
    exec(code)
