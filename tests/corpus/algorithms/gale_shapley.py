MEN = {"a": "XYZ", "b": "YXZ", "c": "XZY"}
WOMEN = {"X": "bac", "Y": "abc", "Z": "cba"}


def main():
    free, proposals, engaged = list(MEN), {m: 0 for m in MEN}, {}
    while free:
        man = free.pop(0)
        woman = MEN[man][proposals[man]]
        proposals[man] += 1
        rival = engaged.get(woman)
        if rival is None or WOMEN[woman].index(man) < WOMEN[woman].index(rival):
            engaged[woman] = man
            if rival:
                free.append(rival)
        else:
            free.append(man)
    return engaged
