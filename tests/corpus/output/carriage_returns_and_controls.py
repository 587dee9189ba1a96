def main():
    for percent in (0, 50, 100):
        print(f"\rprogress {percent:3}%", end="", flush=True)
    print("\n\ttabbed\vvertical\ffeed \x1b[31mred\x1b[0m bell\a null\0 end")
    print("trailing blanks   ")
    print("\n\n")
    return "\x00\x1f\x7f\u2028"
