def main():
    meetings = [(9, 10), (13, 14), (9.5, 11), (12, 13), (15, 18), (16, 17)]
    merged = []
    for start, end in sorted(meetings):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    busy = sum(end - start for start, end in merged)
    return merged, busy
