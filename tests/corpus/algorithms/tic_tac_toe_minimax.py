from functools import lru_cache

LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]


@lru_cache(None)
def score(board, player):
    for a, b, c in LINES:
        if board[a] == board[b] == board[c] != ".":
            return 1 if board[a] == "X" else -1
    if "." not in board:
        return 0
    other = "O" if player == "X" else "X"
    scores = [score(board[:i] + player + board[i + 1 :], other) for i, ch in enumerate(board) if ch == "."]
    return max(scores) if player == "X" else min(scores)


def main():
    return {"empty": score("." * 9, "X"), "fork": score("X...O...X", "O"), "blunder": score("XO..X....", "O")}
