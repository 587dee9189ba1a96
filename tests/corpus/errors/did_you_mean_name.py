def main():
    temperature = 21
    return f"it is {temprature} degrees"
