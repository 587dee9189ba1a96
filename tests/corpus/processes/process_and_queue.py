from multiprocessing import Process, Queue


def produce(queue, start):
    for n in range(start, start + 3):
        queue.put(n)


def main():
    queue = Queue()
    children = [Process(target=produce, args=(queue, start)) for start in (0, 100)]
    for child in children:
        child.start()
    values = sorted(queue.get(timeout=20) for _ in range(6))
    for child in children:
        child.join()
    return values, [child.exitcode for child in children]
