class Elevator:
    def __init__(self):
        self.floor, self.path, self.stops = 0, [], set()

    def call(self, *floors):
        self.stops.update(floors)

    def run(self):
        direction = 1
        while self.stops:
            ahead = [f for f in self.stops if (f - self.floor) * direction >= 0]
            if not ahead:
                direction = -direction
                continue
            self.floor = min(ahead, key=lambda f: abs(f - self.floor))
            self.stops.remove(self.floor)
            self.path.append(self.floor)
            if self.floor == 5 and 1 not in self.path:
                self.call(1)


def main():
    lift = Elevator()
    lift.call(5, 2, 8, 3)
    lift.run()
    return lift.path
