import asyncio


async def worker(queue, results):
    while True:
        n = await queue.get()
        await asyncio.sleep(0)
        results.append(n * n)
        queue.task_done()


async def main():
    queue, results = asyncio.Queue(maxsize=3), []
    tasks = [asyncio.create_task(worker(queue, results)) for _ in range(4)]
    for n in range(20):
        await queue.put(n)
    await queue.join()
    for task in tasks:
        task.cancel()
    outcome = await asyncio.gather(*tasks, return_exceptions=True)
    return sorted(results), [type(o).__name__ for o in outcome]
