"""For how long an event loop does nothing else, in processor time, which others leave be."""

import asyncio
import gc
import time
from contextlib import contextmanager


@contextmanager
def stalls():
    """Yield a list that gets the seconds of each callback of an event loop, and of each round of
    the garbage collector in whatever thread, since that stops all of them."""
    seconds, begun, run = [], [], asyncio.Handle._run

    def timed(handle):
        began = time.thread_time()
        run(handle)
        seconds.append(time.thread_time() - began)

    def collected(phase, _):
        if phase == "start":
            begun.append(time.thread_time())
        else:
            seconds.append(time.thread_time() - begun.pop())

    asyncio.Handle._run = timed
    gc.callbacks.append(collected)
    try:
        yield seconds
    finally:
        gc.callbacks.remove(collected)
        asyncio.Handle._run = run
