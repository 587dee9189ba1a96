import asyncio


async def stubborn(log):
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        log.append("cleaning up")
        raise
    finally:
        log.append("finally")


async def main():
    log = []
    try:
        await asyncio.wait_for(stubborn(log), 0.02)
    except asyncio.TimeoutError:
        log.append("timeout")
    try:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
    except TimeoutError:
        log.append("timeout again")
    return log
