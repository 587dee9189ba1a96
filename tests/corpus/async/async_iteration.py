import asyncio


class Ticker:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.n:
            raise StopAsyncIteration
        self.n -= 1
        await asyncio.sleep(0)
        return self.n


async def evens(source):
    async for value in source:
        if value % 2 == 0:
            yield value


async def main():
    return [v async for v in evens(Ticker(9))], [v async for v in Ticker(2)]
