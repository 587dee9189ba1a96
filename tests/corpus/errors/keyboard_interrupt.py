def main():
    print("working")
    raise KeyboardInterrupt
