from enum import Enum, auto


class State(Enum):
    IDLE = auto()
    PAID = auto()
    EMPTY = auto()


TRANSITIONS = {
    (State.IDLE, "coin"): State.PAID,
    (State.PAID, "push"): State.IDLE,
    (State.PAID, "coin"): State.PAID,
}


def main():
    state, stock, trail = State.IDLE, 2, []
    for event in ("push", "coin", "coin", "push", "coin", "push", "coin"):
        state = TRANSITIONS.get((state, event), state)
        if event == "push" and trail and trail[-1] == "PAID":
            stock -= 1
            state = State.EMPTY if stock == 0 else state
        trail.append(state.name)
    return trail, stock
