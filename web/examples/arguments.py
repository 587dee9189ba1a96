# Arguments stand under "Inputs and limits".
def main(a, b, greeting="Sum"):
    return f"{greeting}: {a + b}"
