def main():
    try:
        {}["a"]
    except KeyError:
        [][0]
