async def numbers():
    yield 1
    raise ArithmeticError("stream ended badly")


async def main():
    return [n async for n in numbers()]
