import argparse


def main():
    parser = argparse.ArgumentParser(prog="tool", description="Counts things.")
    parser.add_argument("paths", nargs="+")
    parser.add_argument("-v", "--verbose", action="count", default=0)
    parser.add_argument("--mode", choices=["fast", "safe"], default="safe")
    commands = parser.parse_args(["-vv", "--mode", "fast", "a", "b"])
    print(parser.format_usage().strip())
    return vars(commands)
