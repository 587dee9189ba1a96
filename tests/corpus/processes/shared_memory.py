from multiprocessing import Process, shared_memory


def fill(name):
    block = shared_memory.SharedMemory(name=name)
    block.buf[:5] = b"hello"
    block.close()


def main():
    block = shared_memory.SharedMemory(create=True, size=64)
    try:
        writer = Process(target=fill, args=(block.name,))
        writer.start()
        writer.join()
        return bytes(block.buf[:5]).decode(), writer.exitcode
    finally:
        block.close()
        block.unlink()
