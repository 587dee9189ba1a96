import asyncio


async def main():
    log, ready, condition = [], asyncio.Event(), asyncio.Condition()
    items = []

    async def consumer():
        await ready.wait()
        async with condition:
            await condition.wait_for(lambda: len(items) >= 3)
            log.append(f"consumed {items}")

    async def producer():
        for n in range(3):
            async with condition:
                items.append(n)
                condition.notify_all()
            await asyncio.sleep(0)

    task = asyncio.create_task(consumer())
    ready.set()
    await producer()
    await task
    done, pending = await asyncio.wait([asyncio.create_task(asyncio.sleep(0)), asyncio.create_task(asyncio.sleep(5))],
                                       return_when=asyncio.FIRST_COMPLETED)
    for left in pending:
        left.cancel()
    return log, len(done), len(pending)
