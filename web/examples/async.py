import asyncio


async def work(name, seconds):
    await asyncio.sleep(seconds)
    print(f"{name} is done")
    return seconds


async def main():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(f"task {i}", i / 10)) for i in (3, 1, 2)]
    return [task.result() for task in tasks]
