import queue
import threading


def main():
    todo, done = queue.Queue(), []
    lock = threading.Lock()

    def work():
        while (n := todo.get()) is not None:
            with lock:
                done.append(n**3)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for thread in workers:
        thread.start()
    for n in range(50):
        todo.put(n)
    for _ in workers:
        todo.put(None)
    for thread in workers:
        thread.join()
    return len(done), sum(done)
