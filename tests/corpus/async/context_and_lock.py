import asyncio
import contextlib

state = {"held": 0, "most": 0}


@contextlib.asynccontextmanager
async def slot(gate):
    async with gate:
        state["held"] += 1
        state["most"] = max(state["most"], state["held"])
        yield
        state["held"] -= 1


async def visit(gate):
    async with slot(gate):
        await asyncio.sleep(0.002)


async def main():
    gate = asyncio.Semaphore(3)
    await asyncio.gather(*(visit(gate) for _ in range(12)))
    return state
