"""Effects without a known outcome: at the start, on a schedule while a house is open, and by `lee reconcile`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from agent.release import INBOX
from policy.gate import Gate
from policy.rows import failure_of
from store.database import Store
from store.ledger import IntentRow
from store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

RETURNED: Final = "refund_returned"
LOOK_BACK_SECONDS: Final = 3_600  # refunds come back within days: one question to Stripe for each, once an hour


async def reconcile(gate: Gate, store: Store, *, beside: bool) -> list[IntentRow]:
    """Find out what became of what was open, and which refunds have come back; the rows as they are now.

    `beside`: as in `policy.reconciler`. Raises `LogUnavailable`."""
    with store.look() as uow:
        looked = [row.id for row in uow.ledger.open()]
    await gate.reconcile(beside=beside)
    looked += await gate.look_back(hand_over)
    with store.look() as uow:
        return [uow.ledger.get(id_) for id_ in looked]


def hand_over(uow: UnitOfWork, row: IntentRow) -> None:
    """A customer whose refund came back was told that it is done: a human gets the case."""
    uow.escalations.open(row.case_id, None, None, RETURNED, _packet(row))
    uow.cases.take_over(row.case_id, INBOX)
    uow.cases.set_status(row.case_id, "escalated")


@asynccontextmanager
async def on_schedule(gate: Gate, seconds: float) -> AsyncIterator[None]:
    """While it is open; what another process may be sending is left to it. What fails is tried again the next time."""

    async def often() -> None:
        looked_back = -float(LOOK_BACK_SECONDS)
        while True:
            await asyncio.sleep(seconds)
            try:
                settled = await gate.reconcile(beside=True)
                if time.monotonic() - looked_back >= LOOK_BACK_SECONDS:
                    settled += await gate.look_back(hand_over)
                    looked_back = time.monotonic()
            except Exception as error:  # noqa: BLE001  whatever it was: a reconciler that has stopped tells nobody
                log.warning("reconciler.waits", error=type(error).__name__)
            else:
                if settled:
                    log.info("reconciler.settled", intents=settled)

    task = asyncio.create_task(often())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _packet(row: IntentRow) -> dict[str, Any]:
    return {
        "reason": RETURNED,
        "why": "The bank returned a refund that had succeeded: the money is back with the company.",
        "customer": {"id": row.customer},
        "facts": {"refund": row.stripe_id, "charge": row.target, "amount": row.amount, "currency": row.currency},
        "failure": failure_of(row),
        "suggested_actions": [
            "Ask the customer for another way to pay them back (docs.stripe.com/refunds#failed-refunds)."
        ],
    }
