import threading


def main():
    turn, log, condition = ["ping"], [], threading.Condition()

    def play(me, other):
        for _ in range(3):
            with condition:
                condition.wait_for(lambda: turn[0] == me, timeout=10)
                log.append(me)
                turn[0] = other
                condition.notify_all()

    players = [threading.Thread(target=play, args=p) for p in (("ping", "pong"), ("pong", "ping"))]
    for p in players:
        p.start()
    for p in players:
        p.join()
    return log
