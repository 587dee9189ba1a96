def main():
    print("Hello, World!")
    return "Hello, World!"
