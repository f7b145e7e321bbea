"""Computing beside the event loop: as many questions at once as there are processors, the others wait their turn."""

import logging
import os
from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from .options import Options
from .problems import Problem
from .shelf import Shelf

log = logging.getLogger(__name__)
Found = TypeVar("Found")


class Engine:
    """The bundles, and threads that ask them."""

    def __init__(self, options: Options, shelf: Shelf) -> None:
        self.options, self.shelf = options, shelf
        self.waiting = 0
        self._limiter = CapacityLimiter(max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1))

    async def run(self, work: Callable[[], Found]) -> Found:
        """What `work` gives; Problem where too many wait, or where it takes too long."""
        if self.waiting >= self.options.waiting:
            raise Problem(503, f"{self.waiting} questions are waiting; ask again in a moment", {"Retry-After": "1"})
        self.waiting += 1
        try:
            with anyio.fail_after(self.options.seconds):
                return await to_thread.run_sync(work, limiter=self._limiter, abandon_on_cancel=True)
        except TimeoutError as error:
            raise Problem(503, f"that took longer than {self.options.seconds:g} s; ask for less, or again in a moment",
                          {"Retry-After": "1"}) from error
        finally:
            self.waiting -= 1

    async def watch(self) -> None:
        """Look for bundles that were replaced, again and again."""
        alone = CapacityLimiter(1)  # loading takes seconds: it must not take the place of a question
        while True:
            await anyio.sleep(self.options.watch)
            try:
                await to_thread.run_sync(self.shelf.look, limiter=alone, abandon_on_cancel=True)
            except Exception:
                log.exception("the bundles could not be looked at")  # what is open goes on answering
