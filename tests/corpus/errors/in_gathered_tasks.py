import asyncio


async def crash(after):
    await asyncio.sleep(after)
    raise RuntimeError("task crashed")


def main():
    async def everything():
        await asyncio.gather(crash(0.001), asyncio.sleep(0.01))

    asyncio.run(everything())
