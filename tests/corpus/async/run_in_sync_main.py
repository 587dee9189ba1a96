import asyncio
import contextvars

user = contextvars.ContextVar("user", default="nobody")


async def handle(name):
    user.set(name)
    await asyncio.sleep(0)
    return user.get()


def main():
    async def everyone():
        return await asyncio.gather(*(asyncio.create_task(handle(n)) for n in "abc"))

    return asyncio.run(everyone()), user.get()
