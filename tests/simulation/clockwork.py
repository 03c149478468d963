"""An asyncio loop whose time and order come from a seed: nothing waits, and whatever could run next may run next."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable
from typing import Any


class Stuck(AssertionError):
    """Everybody waits for somebody, and nothing will ever come."""


class Clockwork(asyncio.SelectorEventLoop):
    """`passed(seconds)` is called when time goes on, which it does only when nobody can do anything now."""

    def __init__(self, seed: str, passed: Callable[[float], None]) -> None:
        self._now = 0.0
        self._order = random.Random(seed)
        self._passed = passed
        super().__init__(_Instant(self))

    def time(self) -> float:
        return self._now

    def go_on(self, seconds: float) -> None:
        self._now += seconds
        self._passed(seconds)

    def _run_once(self) -> None:
        ready: Any = self._ready  # type: ignore[attr-defined]
        if len(ready) > 1:
            order = list(ready)
            self._order.shuffle(order)
            ready.clear()
            ready.extend(order)
        super()._run_once()  # type: ignore[misc]


class _Instant(selectors.SelectSelector):
    """Waits in the loop's own time, and for no file."""

    def __init__(self, loop: Clockwork) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck("everybody waits, and nobody is waited for")
        if timeout > 0:
            self._loop.go_on(timeout)
        return []


def run(loop: Clockwork, work: Any) -> Any:
    """Like `asyncio.run` on this loop; tasks that are left over are cancelled."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
