"""The gate: the only door through which the world changes. Facts, decision, reservation, effect, settlement.

Order of what is durable: decision + budgets + intent + audit entry commit in one transaction before anything is sent;
what came back commits before anybody is told. Whatever happens in between, the intent is there to be found again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from policy.crash_points import CrashPoint, Reach, pass_by
from policy.decisions import Decision, Deny, verdict
from policy.effects import Effects, FactsUnavailable, Intent
from policy.facts import ActionFacts
from policy.law import COLLEAGUE
from policy.limits import Limits
from policy.proposals import Proposal
from policy.reservation import Moving, deny, reserve
from policy.rows import failure_of, intent_of, receipt_of, ruling_of
from policy.sending import Patience, Sending
from policy.settlement import Settlement, Status
from store.database import Store
from store.ledger import IntentRow

LOOKS: Final = 3  # how often facts are read again because the ledger moved meanwhile


class Gate:
    """One per process. `clock` gives aware UTC now; `reach` is called at each crash point."""

    def __init__(
        self,
        effects: Effects,
        store: Store,
        limits: Limits,
        clock: Callable[[], datetime],
        reach: Reach = pass_by,
        patience: Patience | None = None,
    ) -> None:
        self._effects = effects
        self._store = store
        self._limits = limits
        self._policy_hash = limits.hash
        self._clock = clock
        self._reach = reach
        self._patience = patience or Patience()
        self._sending = Sending(effects, store, reach, self._patience)
        self._here: set[str] = set()  # intents this process is working on right now

    async def submit(self, proposal: Proposal) -> Settlement:
        """Decide on a proposal and, if the law allows, carry it out. The same proposal again gets the same outcome.

        Raises `store.errors.LogUnavailable` when nothing can be written down: then nothing was sent either, or what was
        sent is found again at the next start.
        """
        with self._store.look() as uow:
            earlier = uow.ledger.of_proposal(proposal.id)
        if earlier is not None:
            return await self._continue(proposal, earlier)

        for _ in range(LOOKS):
            asked_at = self._clock()
            facts = await self._facts(proposal)
            if isinstance(facts, Deny):
                return self._refuse(proposal, facts)
            self._reach(CrashPoint.FACTS_READ)
            try:
                decision, intent = reserve(
                    self._store, proposal, facts, asked_at, self._limits, self._policy_hash, self._clock()
                )
            except Moving:
                continue
            if intent is None:
                return Settlement(proposal, decision, _status(decision))
            self._reach(CrashPoint.RESERVED)
            return await self._carry_out(proposal, decision, intent)
        return self._refuse(
            proposal,
            Deny("ledger.moving", "The ledger kept changing while facts were read.", customer_reason=COLLEAGUE),
        )

    async def _facts(self, proposal: Proposal) -> ActionFacts | Deny:
        try:
            async with asyncio.timeout(self._patience.facts_seconds):
                return await self._effects.facts(proposal.action, proposal.principal)
        except (FactsUnavailable, TimeoutError) as error:
            why = str(error) or "the source did not answer in time"
            return Deny("facts.unavailable", f"The facts could not be read: {why}.", customer_reason=COLLEAGUE)
        except Exception as error:  # noqa: BLE001  whatever fails here must end as No, with its name in the audit log
            return Deny(
                "facts.error",
                f"Reading the facts failed ({type(error).__name__}).",
                customer_reason=COLLEAGUE,
            )

    def _refuse(self, proposal: Proposal, decision: Deny) -> Settlement:
        deny(self._store, proposal, decision, self._policy_hash, self._clock())
        return Settlement(proposal, decision, Status.REFUSED)

    async def _carry_out(self, proposal: Proposal, decision: Decision, intent: Intent) -> Settlement:
        self._here.add(intent.id)
        try:
            sent = await self._sending.send(intent, proposal.actor)
        finally:
            self._here.discard(intent.id)
        return Settlement(proposal, decision, sent.status, intent, sent.receipt, sent.failure)

    async def _continue(self, proposal: Proposal, row: IntentRow) -> Settlement:
        """A proposal that was carried out, or begun, before: a replayed turn, or a second click."""
        intent = intent_of(row)
        with self._store.look() as uow:
            decision = ruling_of(uow.proposals.get(proposal.id))
        if row.status in ("succeeded", "failed"):
            receipt = receipt_of(row)
            if row.status == "succeeded":
                # A short-lived link is not stored; Stripe repeats its answer to a repeated idempotency key.
                receipt = await self._sending.secret_again(intent, receipt)
            status = Status.SUCCEEDED if row.status == "succeeded" else Status.FAILED
            return Settlement(proposal, decision, status, intent, receipt, failure_of(row))
        if row.id in self._here:
            return Settlement(proposal, decision, Status.UNKNOWN, intent)
        self._here.add(row.id)
        try:
            sent = await self._sending.resume(intent, proposal.actor, self._clock(), may_send=self._owns(proposal))
        finally:
            self._here.discard(row.id)
        return Settlement(proposal, decision, sent.status, intent, sent.receipt, sent.failure)

    def _owns(self, proposal: Proposal) -> bool:
        with self._store.look() as uow:
            case = uow.cases.get(proposal.case)
        return (case.owner, case.epoch) == (proposal.owner, proposal.epoch)

    async def reconcile(self) -> list[str]:
        """Find out about every intent without a known outcome; returns the ids of those that are settled now.

        Runs at start and on a schedule. Finds before it sends; sends again, under the same idempotency key, only while
        the case has not changed hands and the key is young enough.
        """
        with self._store.look() as uow:
            waiting = [
                (row, uow.proposals.get(row.proposal_id), uow.cases.get(row.case_id)) for row in uow.ledger.open()
            ]
        settled: list[str] = []
        for row, proposed, case in waiting:
            if row.id in self._here:
                continue
            self._here.add(row.id)
            try:
                sent = await self._sending.resume(
                    intent_of(row), "lee:reconciler", self._clock(), may_send=case.epoch == proposed.epoch
                )
            finally:
                self._here.discard(row.id)
            if sent.status is not Status.UNKNOWN:
                settled.append(row.id)
        return settled


def _status(decision: Decision) -> Status:
    return Status.REFUSED if verdict(decision) == "deny" else Status.WAITING
