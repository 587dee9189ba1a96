import subprocess
import sys


def main():
    code = "import json, sys; json.dump({'args': sys.argv[1:], 'squares': [n*n for n in range(5)]}, sys.stdout)"
    done = subprocess.run([sys.executable, "-c", code, "x y", "z"], capture_output=True, text=True, check=True)
    import json

    return json.loads(done.stdout)
