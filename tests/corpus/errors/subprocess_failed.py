import subprocess


def main():
    subprocess.run(["sh", "-c", "exit 4"], check=True)
