import asyncio


async def step(n):
    await asyncio.sleep(0.001 * n)
    if n == 3:
        raise ValueError(f"step {n}")
    return n


async def main():
    async with asyncio.TaskGroup() as group:
        good = [group.create_task(step(n)) for n in (1, 2)]
    try:
        async with asyncio.TaskGroup() as group:
            for n in (3, 50):
                group.create_task(step(n))
    except* ValueError as errors:
        caught = [str(e) for e in errors.exceptions]
    return [t.result() for t in good], caught
