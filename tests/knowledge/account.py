"""One customer's account at the demo company, on which the steps of an article are followed.

Reading goes through the tools, acting through the gate, paying over the pages that customers see: nothing is said to
work that was not done. What was called and which figures showed up is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx

from billing.ids import CaseId, CustomerId, ProposalId
from policy.actions import ACTIONS, Action
from policy.decisions import Decision, NeedsApproval, NeedsConfirmation
from policy.gate import Gate
from policy.proposals import Owner, Principal, Proposal, Role
from policy.settlement import Settlement, Status
from store.database import Store
from tests.diagnosis.bench import Bench
from tests.knowledge import figures
from tools.catalogue import REGISTRY
from tools.desk import Desk
from tools.stripe_asgi import AsgiHTTPClient
from tools.stripe_client import SANDBOX_KEY, make_client
from tools.stripe_line import StripeLine
from tools.stripe_reads import CustomerReads

_MONEY = re.compile(r"-?[$€£¥]\d[\d,]*(?:\.\d\d)?")
_names = count(1)


class NoSearch:
    """No steps search the articles."""

    def search(self, query: str, limit: int = 5) -> list[Any]:
        raise AssertionError("the steps of an article do not look into articles")


@dataclass
class Account:
    """`used` are the tools called so far; `seen` the figures in their answers, and those the steps worked out."""

    customer: str
    bench: Bench
    store: Store
    gate: Gate
    open_another: Callable[[str], Account]
    role: Role = Role.OWNER
    used: set[str] = field(default_factory=set)
    seen: list[figures.Value] = field(default_factory=list)

    def of(self, customer: str, role: Role = Role.OWNER) -> Account:
        """Another customer, or another colleague, in the same world."""
        return replace(self, customer=customer, role=role)

    def elsewhere(self) -> Account:
        """The same customer in another copy of the world, for what happens otherwise."""
        return replace(self.open_another(self.customer), used=self.used, seen=self.seen)

    @property
    def principal(self) -> Principal:
        return Principal(CustomerId(self.customer), "user_1", self.role)

    @property
    def clock(self) -> Callable[[], datetime]:
        return lambda: self.bench.now

    # reading

    async def read(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What a read tool answers; arguments that are left out are null."""
        found = REGISTRY.get(tool)
        assert found.read is not None
        given = dict.fromkeys(found.arguments.model_fields) | arguments
        client = make_client(SANDBOX_KEY, http_client=AsgiHTTPClient(self.bench.app))
        reads = CustomerReads(StripeLine(client), CustomerId(self.customer))
        desk = Desk(self.principal, reads, self.bench.access, self.bench.meters, NoSearch(), self.clock)
        answer = (await found.read(found.arguments.model_validate(given), desk)).model_dump(mode="json")
        self.used.add(tool)
        self._note(answer)
        return answer

    async def diagnose(self, cause: str | None = None) -> dict[str, Any]:
        """The diagnosis; `cause` must be the gravest finding or among the others."""
        found = await self.read("diagnose")
        causes = [found["root_cause"], *(each["root_cause"] for each in found["also"])]
        assert cause is None or cause in causes, causes
        return found

    async def subscription(self, n: int = 0) -> dict[str, Any]:
        """The nth subscription as Stripe shows it, newest first."""
        listed = await self.bench.shop.get("subscriptions", {"customer": self.customer, "status": "all"})
        return listed["data"][n]

    async def invoices(self) -> list[dict[str, Any]]:
        """Newest first, as Stripe shows them."""
        return (await self.bench.shop.get("invoices", {"customer": self.customer}))["data"]

    async def newest_charge(self) -> str:
        listed = await self.read("list_charges")
        return next(each["id"] for each in listed["charges"] if each["status"] == "succeeded")

    # acting

    async def ask(self, tool: str, **arguments: Any) -> Settlement:
        """Propose an action in a new case; nobody has said yes to anything. Arguments left out are null."""
        model = ACTIONS[tool]
        given = dict.fromkeys(model.model_fields) | arguments
        with self.store.unit() as uow:
            case = uow.cases.open(self.customer, "user_1", self.role.value, "test").id
        return await self._submit(CaseId(case), model.model_validate(given))

    async def agree(self, tool: str, **arguments: Any) -> Settlement:
        """Propose an action, and say yes where the customer is asked to."""
        first = await self.ask(tool, **arguments)
        if not isinstance(first.decision, NeedsConfirmation):
            return first
        return await self.confirm(first)

    async def confirm(self, waiting: Settlement) -> Settlement:
        """The customer's yes to what was shown."""
        proposal = waiting.proposal
        with self.store.unit() as uow:
            message = uow.messages.add(proposal.case, "inbound", "customer:user_1", "Yes, please.")
            uow.consents.confirm(proposal.id, message.id, timedelta(hours=1))
        return await self.gate.submit(proposal)

    async def approve(self, waiting: Settlement) -> Settlement:
        """A colleague's yes to what waits, as the inbox gives it."""
        assert isinstance(waiting.decision, NeedsApproval)
        old = waiting.proposal
        with self.store.unit() as uow:
            case = uow.cases.take_over(old.case, "colleague")
            uow.consents.approve(old.id, "colleague", timedelta(hours=1))
        again = self._proposal(old.case, old.action, old.id, "human", case.epoch, "human:colleague")
        return await self.gate.submit(again)

    async def _submit(self, case: CaseId, action: Action) -> Settlement:
        made = await self.gate.submit(
            self._proposal(case, action, ProposalId(f"prop_{next(_names)}"), "lee", 1, "lee:test")
        )
        self.used.add(action.tool)
        self._note_text(getattr(made.decision, "shown", "") or "")
        return made

    def _proposal(self, case: CaseId, action: Action, id_: ProposalId, owner: Owner, epoch: int, who: str) -> Proposal:
        return Proposal(id_, case, None, self.principal, action, who, owner, epoch)

    # what customers see

    async def page(self, url: str, **form: str) -> httpx.Response:
        """The page behind a link; with a form, what comes of sending it."""
        http = self.bench.shop.http
        return await (http.post(url, data=form) if form else http.get(url))

    async def fresh_link(self, invoice: str | None = None) -> str:
        return (await self.read("invoice_link", invoice=invoice))["url"]

    async def new_card(self, card: str = "pm_card_visa") -> None:
        """Follow a card update link and save a card there."""
        link = done(await self.ask("card_update_link"))
        assert link.receipt is not None
        assert link.receipt.secret is not None
        saved = await self.page(link.receipt.secret, card=card)
        assert saved.status_code == httpx.codes.OK, saved.text

    async def pass_time(self, **span: float) -> None:
        await self.bench.pass_time(**span)

    # figures

    def saw(self, *found: str) -> None:
        """Figures the steps worked out, as an article would write them: `14 days`, `$13.33`."""
        self.seen.extend(figures.read(each) for each in found)

    def _note(self, answer: Any) -> None:
        if isinstance(answer, dict):
            for key, value in answer.items():
                if key == "display":
                    self._note_text(value)
                else:
                    self._note(value)
        elif isinstance(answer, list):
            for each in answer:
                self._note(each)
        elif isinstance(answer, str):
            self._note_text(answer)

    def _note_text(self, text: str) -> None:
        self.seen.extend(figures.read(found) for found in _MONEY.findall(text))


def done(settled: Settlement) -> Settlement:
    """It was carried out; returned for its receipt."""
    assert settled.status is Status.SUCCEEDED, (settled.status, settled.decision.reason, settled.failure)
    return settled


def rule(settled: Settlement, decision: type[Decision]) -> str:  # pyright: ignore[reportInvalidTypeForm]
    """The rule that decided, when the decision is of the kind expected."""
    assert isinstance(settled.decision, decision), settled.decision
    return settled.decision.rule
