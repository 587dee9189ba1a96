from collections import deque

WORDS = {"cold", "cord", "card", "ward", "warm", "word", "worm", "wold", "corn", "warn"}


def main():
    queue = deque([("cold",)])
    seen = {"cold"}
    while queue:
        path = queue.popleft()
        if path[-1] == "warm":
            return path
        for word in sorted(WORDS - seen):
            if sum(a != b for a, b in zip(word, path[-1])) == 1:
                seen.add(word)
                queue.append(path + (word,))
