MOVES = {"N": (0, 1), "E": (1, 0), "S": (0, -1), "W": (-1, 0)}


def main():
    x, y, facing, visited = 0, 0, "N", []
    for command in "MMRMMLMRRMMMM":
        if command == "M":
            dx, dy = MOVES[facing]
            x, y = x + dx, y + dy
            visited.append((x, y))
        else:
            facing = "NESW"[("NESW".index(facing) + (1 if command == "R" else -1)) % 4]
    return {"at": (x, y), "facing": facing, "distinct": len(set(visited))}
