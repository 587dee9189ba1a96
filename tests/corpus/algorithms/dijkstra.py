import heapq

GRAPH = {
    "a": {"b": 7, "c": 9, "f": 14},
    "b": {"a": 7, "c": 10, "d": 15},
    "c": {"a": 9, "b": 10, "d": 11, "f": 2},
    "d": {"b": 15, "c": 11, "e": 6},
    "e": {"d": 6, "f": 9},
    "f": {"a": 14, "c": 2, "e": 9},
}


def main():
    distance, queue = {"a": 0}, [(0, "a")]
    while queue:
        so_far, node = heapq.heappop(queue)
        if so_far > distance[node]:
            continue
        for neighbour, weight in GRAPH[node].items():
            if so_far + weight < distance.get(neighbour, 10**9):
                distance[neighbour] = so_far + weight
                heapq.heappush(queue, (distance[neighbour], neighbour))
    return distance
