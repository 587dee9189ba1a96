import subprocess


def main():
    seen = []
    try:
        subprocess.run(["sleep", "5"], timeout=0.05)
    except subprocess.TimeoutExpired as error:
        seen.append(error.timeout <= 0.05)
    try:
        subprocess.run(["false"], check=True)
    except subprocess.CalledProcessError as error:
        seen.append(error.returncode)
    try:
        subprocess.run(["no-such-program-here"])
    except FileNotFoundError as error:
        seen.append(error.filename)
    killed = subprocess.Popen(["sleep", "30"])
    killed.terminate()
    return seen, killed.wait()
