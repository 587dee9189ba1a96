import sys


def main():
    print("snowman ☃, rocket 🚀, family 👨‍👩‍👦, flag 🇩🇪")
    print("right to left: שלום", "combining: e\u0301", sep=" | ")
    print("to stderr: ✓", file=sys.stderr)
    sys.stdout.write("no newline at the end ✋")
    return "🎉" * 3
