import threading


class Account:
    def __init__(self):
        self.balance, self.lock = 0, threading.RLock()

    def deposit(self, amount):
        with self.lock:
            self.balance += amount

    def twice(self, amount):
        with self.lock:
            self.deposit(amount)
            self.deposit(amount)


def main():
    account = Account()
    threads = [threading.Thread(target=lambda: [account.twice(1) for _ in range(500)]) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return account.balance
