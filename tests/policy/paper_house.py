"""The same people and the same Stripe, but the books are kept in memory: the law's decisions, by the hundred thousand.

`decide` and the laws, the checks of proposals and facts, targets and what an action relies on are the real ones. What
the store holds is told here a second time, as plainly as can be: a cap is an addition and a comparison, a consent a row
in a list. That the real store keeps it so, through crashes and races, is what the other suites are about.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing.ids import IntentId
from policy.decisions import Allow, Decision, Deny, NeedsApproval, NeedsConfirmation
from policy.effects import EffectRefused, EffectUnknown, Intent, Receipt
from policy.law import decide
from policy.limits import Limits
from policy.operations import relied_on, target
from policy.proposals import Proposal, Role
from policy.question import Approval, Consents, Question, Standing
from policy.rules import LAWS
from policy.settlement import Settlement, Status
from policy.well_formed import facts_flaw, flaw, proposal_flaw
from store.errors import Conflict
from tests.policy.house import ME, Clock, House, furnish
from tests.policy.stripe_twin import StripeTwin


@dataclass
class Yes:
    """`of` is the case for a customer's yes, the proposal for a human's."""

    id: str
    of: str
    digest: str
    name: str
    until: datetime
    used: bool = False


@dataclass
class Entry:
    """One intent and what it holds."""

    intent: Intent
    proposal: str
    target: str
    held: dict[str, int]
    for_good: dict[str, int]
    status: Status = Status.PENDING
    settled_at: datetime | None = None


@dataclass
class PaperHouse:
    limits: Limits
    clock: Clock = field(default_factory=Clock)
    names: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    budgets: Counter[str] = field(default_factory=Counter[str])
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])  # by proposal
    asked: dict[str, tuple[Decision, str]] = field(default_factory=dict)  # proposal -> what was said, and its digest
    owners: dict[str, tuple[str, str, int]] = field(default_factory=dict)  # case -> customer, owner, epoch
    confirmations: list[Yes] = field(default_factory=list)
    approvals: list[Yes] = field(default_factory=list)
    stripe: StripeTwin = field(init=False)

    propose = House.propose

    def __post_init__(self) -> None:
        self.stripe = StripeTwin(self.clock)
        self.stripe.slow_seconds = 0
        furnish(self.stripe)

    # ---- people

    def case(self, customer: str = ME, role: Role = Role.OWNER) -> str:
        id_ = f"case_{len(self.owners)}"
        self.owners[id_] = (customer, "lee", 1)
        return id_

    def change_hands(self, case: str, to: str) -> None:
        customer, _, epoch = self.owners[case]
        self.owners[case] = (customer, to, epoch + 1)

    def says_yes(self, proposal: Proposal, hours: float = 72) -> str:
        return self._said(self.confirmations, NeedsConfirmation, proposal, proposal.case, hours, "customer")

    def approves(self, proposal: Proposal, human: str = "hanna", hours: float = 72) -> str:
        return self._said(self.approvals, NeedsApproval, proposal, proposal.id, hours, human)

    def _said(self, to: list[Yes], kind: type, proposal: Proposal, of: str, hours: float, name: str) -> str:
        decision, digest = self.asked[proposal.id]
        if not isinstance(decision, kind):
            raise Conflict("Nothing waits for that.")
        before = [each for each in to if kind is NeedsApproval and (each.of, each.digest) == (of, digest)]
        if any(each.used for each in before):
            raise Conflict("Approved already.")
        to[:] = [each for each in to if each not in before]
        to.append(Yes(f"yes_{next(self.names)}", of, digest, name, self.clock() + timedelta(hours=hours)))
        return to[-1].id

    # ---- the gate, on paper

    @property
    def gate(self) -> PaperHouse:
        return self

    def another_gate(self) -> PaperHouse:
        return self

    async def submit(self, proposal: Proposal) -> Settlement:
        if proposal_flaw(proposal) or self.owners[proposal.case][0] != proposal.principal.customer:
            return Settlement(proposal, Deny("paper.strange", "It is no proposal of its case."), Status.REFUSED)
        for _ in range(3):
            if (earlier := self.entries.get(proposal.id)) is not None:
                return Settlement(proposal, Allow("paper.earlier", "Begun before."), earlier.status, earlier.intent)
            asked_at = self.clock()
            facts = await self.stripe.facts(proposal.action, proposal.principal)
            if facts_flaw(facts) is not None:
                break
            if (standing := self._standing(proposal, asked_at)) is None:
                continue
            if self.owners[proposal.case][1:] != (proposal.owner, proposal.epoch):
                break
            consents = self._consents(proposal)
            question: Question[Any, Any] = Question(
                proposal, proposal.action, facts, self.limits, standing, consents, self.clock()
            )
            return await self._carry_out(question, decide(question, LAWS))
        return Settlement(proposal, Deny("paper.not_now", "Stale, malformed or moving."), Status.REFUSED)

    async def _carry_out(self, question: Question[Any, Any], decision: Decision) -> Settlement:
        proposal = question.proposal
        if isinstance(decision, Allow):
            over = [
                each
                for each in decision.reservations
                if each.cap is not None and self.budgets[each.budget] + each.amount > each.cap
            ]
            if not over:
                return await self._send(question, decision)
            shown = LAWS[type(question.action)].shown(question)
            decision = NeedsApproval(over[0].rule, over[0].reason, shown=shown, value=decision.value)
        waits = isinstance(decision, NeedsConfirmation | NeedsApproval)
        self.asked[proposal.id] = decision, question.digest(decision.shown) if waits else ""
        return Settlement(proposal, decision, Status.WAITING if waits else Status.REFUSED)

    async def _send(self, question: Question[Any, Any], allowed: Allow) -> Settlement:
        proposal, law = question.proposal, LAWS[type(question.action)]
        for each in (*self.confirmations, *self.approvals):
            each.used = each.used or each.id in (allowed.confirmation, allowed.approval)
        holds = {each.budget: each.amount for each in allowed.reservations}
        assert all(amount > 0 for amount in holds.values())
        self.budgets.update(holds)
        for_good = {each.budget: each.amount for each in allowed.reservations if each.per_try}
        id_ = IntentId(f"int_{len(self.entries)}")
        sent = question.action if law.sent is None else law.sent(question)
        intent = Intent(id_, proposal.case, proposal.principal.customer, sent, id_, id_, allowed.value, question.now, 1)
        entry = Entry(intent, proposal.id, target(proposal.action, proposal.principal), holds, for_good)
        self.entries[proposal.id] = entry
        try:
            receipt = await self.stripe.perform(intent)
        except EffectRefused:
            self._settle(entry, Status.FAILED)
        except Exception:  # noqa: BLE001  as the gate has it: neither says what Stripe did
            receipt = None
        else:
            if flaw(receipt, Receipt) is None:
                self._settle(entry, Status.SUCCEEDED)
        return Settlement(proposal, allowed, entry.status, intent)

    def _settle(self, entry: Entry, status: Status) -> None:
        entry.status, entry.settled_at = status, entry.settled_at or self.clock()
        if status is Status.FAILED:
            self.budgets.subtract({name: n for name, n in entry.held.items() if name not in entry.for_good})
            entry.held = entry.for_good

    def _standing(self, proposal: Proposal, asked_at: datetime) -> Standing | None:
        """None when something on the target was settled after the facts were asked for."""
        one, other = target(proposal.action, proposal.principal), relied_on(proposal.action)
        touching = [each for each in self.entries.values() if each.target in (one, other)]
        if any(each.settled_at is not None and each.settled_at >= asked_at for each in touching):
            return None
        own = [each for each in touching if each.intent.action.tool == proposal.tool and each.settled_at is not None]
        done = [each for each in own if each.status is Status.SUCCEEDED]
        return Standing(
            any(each.settled_at is None for each in touching),
            sum(each.target == one and each.intent.case == proposal.case for each in done),
            _sum(each for each in done if each.target == one),
            _sum(each for each in done if each.target == other),
        )

    def _consents(self, proposal: Proposal) -> Consents:
        now = self.clock()

        def good(yeses: list[Yes], of: str) -> list[Yes]:
            return [each for each in yeses if each.of == of and not each.used and each.until > now]

        return Consents(
            {each.digest: each.id for each in good(self.confirmations, proposal.case)},
            {each.digest: Approval(each.id, each.name) for each in good(self.approvals, proposal.id)},
        )

    # ---- afterwards

    async def reconcile(self) -> list[str]:
        for entry in [each for each in self.entries.values() if each.settled_at is None]:
            try:
                receipt = await self.stripe.find(entry.intent)
            except (EffectUnknown, ZeroDivisionError):
                continue
            if receipt is None or flaw(receipt, Receipt) is None:
                self._settle(entry, Status.FAILED if receipt is None else Status.SUCCEEDED)
        return []

    async def look_back(self, tell: object) -> list[str]:
        back = {each.intent for each in self.stripe.returned}
        for entry in self.entries.values():
            if entry.intent.id in back and entry.status is Status.SUCCEEDED:
                self._settle(entry, Status.FAILED)
        return []

    def begun(self) -> dict[str, str]:
        return {each.intent.id: each.proposal for each in self.entries.values()}

    def must_balance(self, *, all_settled: bool = True) -> None:
        kept: Counter[str] = Counter()
        for entry in self.entries.values():
            kept.update(entry.held)
        assert +self.budgets == +kept

    def close(self) -> None:
        """Nothing is kept anywhere."""


def _sum(entries: Iterable[Entry]) -> int:
    return sum(each.intent.value.amount for each in entries if each.intent.value is not None)
