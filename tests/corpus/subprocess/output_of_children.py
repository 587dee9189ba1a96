import os
import subprocess


def main():
    print("parent first", flush=True)
    subprocess.run(["echo", "child by subprocess"])
    os.system("echo child by system")
    os.write(1, b"raw write\n")
    print("parent last")
    return os.popen("echo by popen").read()
