import re
from collections import Counter, defaultdict

LINES = """127.0.0.1 - - [05/Jan/2026:10:00:01 +0000] "GET / HTTP/1.1" 200 512
10.0.0.7 - bob [05/Jan/2026:10:00:02 +0000] "POST /login HTTP/1.1" 302 0
10.0.0.7 - bob [05/Jan/2026:10:00:05 +0000] "GET /home HTTP/1.1" 200 2048
garbage line
127.0.0.1 - - [05/Jan/2026:10:01:00 +0000] "GET /missing HTTP/1.1" 404 77"""


def main():
    pattern = re.compile(r'(\S+) \S+ (\S+) \[(.*?)\] "(\w+) (\S+) [^"]*" (\d{3}) (\d+)')
    status, size, bad = Counter(), defaultdict(int), []
    for number, line in enumerate(LINES.splitlines(), 1):
        match = pattern.match(line)
        if not match:
            bad.append(number)
            continue
        status[match[6]] += 1
        size[match[1]] += int(match[7])
    return {"status": status, "bytes": size, "bad": bad}
