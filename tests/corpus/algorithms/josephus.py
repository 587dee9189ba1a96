from collections import deque


def main(people=41, step=3):
    circle, order = deque(range(1, people + 1)), []
    while circle:
        circle.rotate(-(step - 1))
        order.append(circle.popleft())
    return {"survivor": order[-1], "first": order[:5]}
