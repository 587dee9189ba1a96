def main():
    print("What is printed stands in the output.")
    return "Hello, World!"
