import subprocess


def main():
    numbers = "\n".join(str(n * 37 % 50) for n in range(30))
    sort = subprocess.Popen(["sort", "-n"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    head = subprocess.Popen(["head", "-3"], stdin=sort.stdout, stdout=subprocess.PIPE, text=True)
    sort.stdin.write(numbers)
    sort.stdin.close()
    out, _ = head.communicate()
    sort.wait()
    return out.split()
