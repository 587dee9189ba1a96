import heapq
import random


def main():
    rng = random.Random(1)
    events, waiting, free, waits, now = [], [], 2, [], 0.0
    at = 0.0
    for customer in range(200):
        at += rng.expovariate(1.0)
        heapq.heappush(events, (at, 0, customer))
    while events:
        now, kind, customer = heapq.heappop(events)
        if kind == 0:
            waiting.append((now, customer))
        else:
            free += 1
        while free and waiting:
            arrived, who = waiting.pop(0)
            waits.append(now - arrived)
            free -= 1
            heapq.heappush(events, (now + rng.expovariate(0.6), 1, who))
    return len(waits), round(sum(waits) / len(waits), 6), round(max(waits), 6)
