import asyncio
import time


def blocking(n):
    time.sleep(0.01)
    return n * 10


async def main():
    loop = asyncio.get_running_loop()
    one = await asyncio.to_thread(blocking, 1)
    more = await asyncio.gather(*(loop.run_in_executor(None, blocking, n) for n in range(2, 6)))
    loop.call_later(0.001, print, "called later")
    await asyncio.sleep(0.01)
    return one, more
