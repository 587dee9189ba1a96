def parse(text):
    tree, path = {}, []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        depth = (len(raw) - len(raw.lstrip())) // 2
        node = tree
        for key in path[:depth]:
            node = node[key]
        key, _, value = line.partition(":")
        if value.strip():
            node[key] = value.strip()
        else:
            node[key] = {}
            path = path[:depth] + [key]
    return tree


def main():
    return parse("server:\n  host: a\n  tls:\n    on: yes\n# note\nclient:\n  retries: 3\ntop: level\n")
