class Account:
    def __init__(self, owner, balance):
        self.owner = owner
        self.balance = float(balance)


def main():
    accounts = [Account("a", "1.5"), Account("b", "n/a")]
    return len(accounts)
