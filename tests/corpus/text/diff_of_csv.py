OLD = "id,name\n1,ann\n2,bob\n3,cid\n"
NEW = "id,name\n1,ann\n3,cyd\n4,dee\n"


def load(text):
    return dict(line.split(",") for line in text.splitlines()[1:])


def main():
    old, new = load(OLD), load(NEW)
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": {k: [old[k], new[k]] for k in old.keys() & new.keys() if old[k] != new[k]},
    }
