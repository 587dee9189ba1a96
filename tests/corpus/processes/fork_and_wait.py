import os


def main():
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, b"child says hi")
        os._exit(7)
    os.close(writing)
    text = os.read(reading, 100)
    _, status = os.waitpid(pid, 0)
    return text.decode(), os.waitstatus_to_exitcode(status)
