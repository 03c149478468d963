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
from policy.reconciler import Reconciler, Tell
from policy.reservation import Moving, Started, deny, reserve, turn_away
from policy.rows import failure_of, intent_of, receipt_of, ruling_of
from policy.sending import Patience, Sending
from policy.settlement import Settlement, Status
from policy.well_formed import facts_flaw, plain, proposal_flaw
from store.database import Store
from store.errors import NotFound
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
        self._reconciler = Reconciler(effects, store, self._sending, self._patience, clock, self._here)

    async def submit(self, proposal: Proposal) -> Settlement:
        """Decide on a proposal and, if the law allows, carry it out. The same proposal again gets the same outcome.

        Raises `store.errors.LogUnavailable` when nothing can be written down: then nothing was sent either, or what was
        sent is found again at the next start.
        """
        if (strange := self._strange(proposal)) is not None:
            turn_away(self._store, proposal, strange, self._policy_hash)
            return Settlement(proposal, strange, Status.REFUSED)
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
            except Started as started:
                return await self._continue(proposal, started.row)
            if intent is None:
                return Settlement(proposal, decision, _status(decision))
            self._reach(CrashPoint.RESERVED)
            return await self._carry_out(proposal, decision, intent)
        return self._refuse(
            proposal,
            Deny(
                "ledger.moving",
                "Something else was changing the same thing while the facts were read.",
                remedy="It is asked for again when that is done.",
                customer_reason=COLLEAGUE,
            ),
        )

    def _strange(self, proposal: Proposal) -> Deny | None:
        """Why this is no proposal of its case: values that are not what their types say, a case of another customer, or
        an id that stands for another action."""
        if (wrong := proposal_flaw(proposal)) is not None:
            return Deny("proposal.malformed", f"The proposal is malformed ({wrong}).", customer_reason=COLLEAGUE)
        with self._store.look() as uow:
            try:
                case = uow.cases.get(proposal.case)
            except NotFound as error:
                return Deny("case.unknown", error.message, customer_reason=COLLEAGUE)
            known = uow.proposals.find(proposal.id)
        if case.customer != proposal.principal.customer:
            return Deny("case.customer", "The case is another customer's.", customer_reason=COLLEAGUE)
        told = (proposal.case, proposal.tool, proposal.arguments)
        if known is not None and (known.case_id, known.tool, known.arguments) != told:
            return Deny("proposal.changed", "That id stands for another action.", customer_reason=COLLEAGUE)
        return None

    async def _facts(self, proposal: Proposal) -> ActionFacts | Deny:
        try:
            async with asyncio.timeout(self._patience.facts_seconds):
                facts = await self._effects.facts(proposal.action, proposal.principal)
            wrong = facts_flaw(facts)
        except (FactsUnavailable, TimeoutError) as error:
            why = plain(error) or "the source did not answer in time"
            return Deny(
                "facts.unavailable",
                f"The facts could not be read: {why.rstrip('.')}.",
                remedy="It is asked for again when they can be read.",
                customer_reason=COLLEAGUE,
            )
        except Exception as error:  # noqa: BLE001  whatever fails here must end as No, with its name in the audit log
            return Deny(
                "facts.error",
                f"Reading the facts failed ({type(error).__name__}).",
                remedy="An engineer mends what failed; until then a colleague does it by hand.",
                customer_reason=COLLEAGUE,
            )

        if wrong is not None:
            return Deny(
                "facts.malformed",
                f"What was read of this is not of the known form ({wrong}).",
                remedy="An engineer looks at what was read; until then a colleague does it by hand.",
                customer_reason=COLLEAGUE,
            )
        return facts

    def _refuse(self, proposal: Proposal, decision: Deny) -> Settlement:
        deny(self._store, proposal, decision, self._policy_hash, self._clock())
        return Settlement(proposal, decision, Status.REFUSED)

    async def _carry_out(self, proposal: Proposal, decision: Decision, intent: Intent) -> Settlement:
        self._here.add(intent.id)
        try:
            sent = await self._sending.send(intent, proposal.actor, proposal.epoch)
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
                receipt = await self._sending.secret_again(intent, receipt, proposal.epoch)
            status = Status.SUCCEEDED if row.status == "succeeded" else Status.FAILED
            return Settlement(proposal, decision, status, intent, receipt, failure_of(row))
        if row.id in self._here:
            return Settlement(proposal, decision, Status.PENDING, intent)
        self._here.add(row.id)
        try:
            sent = await self._sending.resume(intent, proposal.actor, self._clock(), proposal.epoch, row.sent_at)
        finally:
            self._here.discard(row.id)
        return Settlement(proposal, decision, sent.status, intent, sent.receipt, sent.failure)

    async def reconcile(self, *, beside: bool = False) -> list[str]:
        """`policy.reconciler.Reconciler.settle`."""
        return await self._reconciler.settle(beside=beside)

    async def look_back(self, tell: Tell) -> list[str]:
        """`policy.reconciler.Reconciler.look_back`."""
        return await self._reconciler.look_back(tell)


def _status(decision: Decision) -> Status:
    return Status.REFUSED if verdict(decision) == "deny" else Status.WAITING
