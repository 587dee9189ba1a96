import subprocess


def main():
    with open("people.txt", "w") as file:
        file.write("ann 30\nbob 25\ncid 41\n")
    outputs = {}
    for name, command in {
        "awk": "awk '{ total += $2 } END { print total }' people.txt",
        "grep": "grep -c i people.txt",
        "sed": "sed -n '2s/bob/BOB/p' people.txt",
        "wc": "wc -l < people.txt",
        "cut": "cut -d' ' -f1 people.txt | sort -r | head -1",
    }.items():
        outputs[name] = subprocess.getoutput(command)
    return outputs
