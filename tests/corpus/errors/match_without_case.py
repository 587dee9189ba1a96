def main():
    match {"kind": "circle"}:
        case {"kind": "circle", "radius": r}:
            return r
        case {"kind": kind}:
            raise ValueError(f"incomplete {kind}")
