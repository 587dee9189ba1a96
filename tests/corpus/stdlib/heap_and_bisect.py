import bisect
import heapq


def main():
    heap = []
    for priority, task in [(3, "write"), (1, "plan"), (2, "code"), (1, "ask")]:
        heapq.heappush(heap, (priority, task))
    order = [heapq.heappop(heap)[1] for _ in range(4)]
    marks = [33, 99, 77, 70, 89, 90, 100]
    grades = ["FDCBA"[bisect.bisect([60, 70, 80, 90], m)] for m in marks]
    return order, grades, heapq.nsmallest(3, marks), list(heapq.merge([1, 4], [2, 3], [0]))
