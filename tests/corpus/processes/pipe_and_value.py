from multiprocessing import Array, Lock, Pipe, Process, Value


def child(connection, counter, squares, lock):
    request = connection.recv()
    for i in range(len(squares)):
        squares[i] = i * i
    with lock:
        counter.value += request["add"]
    connection.send({"got": request})
    connection.close()


def main():
    ours, theirs = Pipe()
    counter, squares, lock = Value("i", 40), Array("d", 4), Lock()
    process = Process(target=child, args=(theirs, counter, squares, lock))
    process.start()
    ours.send({"add": 2})
    answer = ours.recv()
    process.join()
    return answer, counter.value, list(squares)
