"""Finding out what became of effects: those without a known outcome, and those that Stripe has taken back since.

Runs at the start of a process, on a schedule, and by `lee reconcile`. It finds before it sends (docs/operations.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policy.actions import Refund
from policy.effects import Effects, EffectUnknown
from policy.rows import intent_of
from policy.sending import Patience, Sending
from policy.settlement import Status
from store.database import Store
from store.ledger import IntentRow
from store.unit_of_work import UnitOfWork

RECONCILER: Final = "lee:reconciler"

# Told of an intent, as it is now, within the transaction that changed it.
Tell = Callable[[UnitOfWork, IntentRow], None]

# A refund that has succeeded may still be returned by the bank, for a month (docs.stripe.com/refunds#failed-refunds).
RETURNED_WITHIN: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """`here` are the intents that this process is working on right now, shared with the gate."""

    effects: Effects
    store: Store
    sending: Sending
    patience: Patience
    clock: Callable[[], datetime]
    here: set[str]

    async def settle(self, *, beside: bool) -> list[str]:
        """Find out about every intent without a known outcome; returns the ids of those that are settled now.

        Finds before it sends; sends again, under the same idempotency key, only while the case has not changed hands
        and the key is young enough. An intent that cannot be handled (a tool that is no more) is noted in the audit
        log and left for a human; it does not stop the others.

        `beside`: other processes work on the same database; what one of them may be sending right now is left to it.
        """
        with self.store.look() as uow:
            waiting = [(row, uow.proposals.get(row.proposal_id).epoch) for row in uow.ledger.open()]
        settled: list[str] = []
        for row, epoch in waiting:
            if row.id in self.here or (beside and self._under_way(row)):
                continue
            self.here.add(row.id)
            try:
                sent = await self.sending.resume(intent_of(row), RECONCILER, self.clock(), epoch, row.sent_at)
            except (LookupError, ValueError, TypeError) as error:
                self._stuck(row, error)
                continue
            finally:
                self.here.discard(row.id)
            if sent.status is not Status.PENDING:
                settled.append(row.id)
        return settled

    async def look_back(self, tell: Tell) -> list[str]:
        """Ask Stripe about the refunds of the last month; returns the intents whose refund has failed since.

        Those become `failed`, once, and what they held of the budgets is free again: the money is with the company.
        `tell` brings it to people in the same transaction, so that no death comes between. What Stripe does not tell
        now is asked for the next time."""
        with self.store.look() as uow:
            done = uow.ledger.succeeded(Refund.tool, self.clock() - RETURNED_WITHIN)
        returned: list[str] = []
        for row in done:
            try:
                why = await self.effects.taken_back(intent_of(row), row.stripe_id or "")
            except EffectUnknown:
                continue
            if why is not None and self._take_back(row, why, tell):
                returned.append(row.id)
        return returned

    def _under_way(self, row: IntentRow) -> bool:
        return self.clock() - (row.sent_at or row.created_at) <= self.patience.quiet

    def _take_back(self, row: IntentRow, why: str, tell: Tell) -> bool:
        with self.store.unit() as uow:
            taken = uow.ledger.take_back(row.id, why)
            if taken:
                told = {"intent": row.id, "operation_key": row.operation_key, "stripe_id": row.stripe_id}
                uow.record("effect.taken_back", RECONCILER, row.case_id, row.customer, {**told, "failure": why})
                tell(uow, uow.ledger.get(row.id))
        return taken

    def _stuck(self, row: IntentRow, error: Exception) -> None:
        why = {"intent": row.id, "operation_key": row.operation_key, "error": type(error).__name__}
        with self.store.unit() as uow:
            uow.record("effect.stuck", RECONCILER, row.case_id, row.customer, why)
