import asyncio


async def job(name, delay):
    await asyncio.sleep(delay)
    print("done", name)
    return name.upper()


async def main():
    return await asyncio.gather(job("slow", 0.06), job("fast", 0.01), job("middle", 0.03))
