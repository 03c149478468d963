"""The demo world with everything expensive loaded, once a process: for tests of the whole house."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from billing.facts import UsageFacts
from billing.ids import CustomerId
from evals.harness import Bench, open_bench
from tools.usage import FolderUsage


class BriefUsage(FolderUsage):
    """Lets its folder go after every question: a process has one, and other tests of this process want theirs."""

    async def of(self, customer: CustomerId, start: datetime, end: datetime) -> UsageFacts:
        asked = asyncio.ensure_future(super().of(customer, start, end))
        # Also when whoever asks gives up: the question itself goes on in its thread.
        asked.add_done_callback(lambda _: self.close())
        return await asyncio.shield(asked)


@contextmanager
def bench() -> Iterator[Bench]:
    with open_bench() as opened:
        yield replace(opened, usage=BriefUsage(opened.folder / "clickhouse"))
