"""The honest Stripe as one process among several sees it: the twin lives in the test, workers ask it over a socket."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from policy.actions import Action
from policy.effects import EffectRefused, EffectUnknown, Intent
from policy.proposals import Principal
from tests.policy.stripe_twin import StripeTwin

KEY = b"only of this test"
Answer = tuple[str, Any]


class _Counter:
    """Takes one question at a time; an answer is told by its name, since exceptions do not travel well."""

    def __init__(self, twin: StripeTwin) -> None:
        self._twin = twin
        self._turn = threading.Lock()

    def ask(self, name: str, *about: Any) -> Answer:
        with self._turn:
            try:
                return "answer", asyncio.run(getattr(self._twin, name)(*about))
            except EffectRefused as refused:
                return "refused", (refused.code, str(refused))
            except EffectUnknown as unknown:
                return "unknown", str(unknown)


class _Line(BaseManager):
    counter: Any  # a class takes its counters when they are registered


_Line.register("counter")


@contextmanager
def counter(twin: StripeTwin) -> Iterator[str]:
    """Serve the twin to other processes while it is open; gives the address."""
    serving = type("_Serving", (BaseManager,), {})
    one = _Counter(twin)
    serving.register("counter", lambda: one, exposed=["ask"])
    with tempfile.TemporaryDirectory(prefix="lee-twin-") as folder:
        address = str(Path(folder) / "stripe")
        server: Any = serving(address=address, authkey=KEY).get_server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield address
        finally:
            server.listener.close()  # its file goes with it, before the folder does


class FarTwin:
    """`policy.effects.Effects` over the socket."""

    def __init__(self, address: str) -> None:
        line = _Line(address=address, authkey=KEY)
        line.connect()
        self._counter = line.counter()

    async def facts(self, action: Action, principal: Principal) -> Any:
        return await self._ask("facts", action, principal)

    async def perform(self, intent: Intent) -> Any:
        return await self._ask("perform", intent)

    async def find(self, intent: Intent) -> Any:
        return await self._ask("find", intent)

    async def taken_back(self, intent: Intent, stripe_id: str) -> str | None:
        return await self._ask("taken_back", intent, stripe_id)

    async def _ask(self, name: str, *about: Any) -> Any:
        kind, told = await asyncio.to_thread(self._counter.ask, name, *about)
        if kind == "refused":
            raise EffectRefused(*told)
        if kind == "unknown":
            raise EffectUnknown("far", told)
        return told
