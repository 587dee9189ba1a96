import asyncio


async def fetch(n):
    await asyncio.sleep(0)
    return [10, 20][n]


async def main():
    first = await fetch(0)
    second = await fetch(5)
    return first + second
