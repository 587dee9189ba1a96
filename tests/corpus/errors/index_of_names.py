def main():
    names = ['a', 'b']
    return names[2]
