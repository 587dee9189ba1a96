def main():
    name = 'x'
    return f'{name!z}'
