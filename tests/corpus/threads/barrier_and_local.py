import threading


def main():
    barrier, local, seen = threading.Barrier(3), threading.local(), []

    def run(n):
        local.value = n
        barrier.wait(timeout=10)
        seen.append(local.value)

    threads = [threading.Thread(target=run, args=(n,), name=f"t{n}") for n in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return sorted(seen), hasattr(local, "value"), [t.name for t in threads]
