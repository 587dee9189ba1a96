import subprocess


def main():
    listing = subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True, text=True)
    upper = subprocess.run(["tr", "a-z", "A-Z"], input="shout", capture_output=True, text=True)
    return listing.stdout, listing.stderr, listing.returncode, upper.stdout
