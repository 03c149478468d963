"""What tests do with a house: let a customer write, look at what changed in the world and in the store."""

from __future__ import annotations

import dataclasses
from typing import Any

from agent.journal import Journal
from agent.lee import Lee
from agent.turn import TurnResult
from app.intake import confirm, receive
from billing.ids import CustomerId
from evals.harness import Copy
from policy.proposals import Principal, Role
from store.cases import CaseRow
from store.turns import TurnRow


@dataclasses.dataclass
class Office:
    copy: Copy
    lee: Lee = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.lee = self.copy.house.lee

    @property
    def store(self) -> Any:
        return self.copy.house.store

    def queue(self, customer: str, text: str, case: str | None = None, role: str = "owner", **turn: Any) -> TurnRow:
        """A message of the customer and a turn for it, in a new case or in a given one."""
        with self.store.unit() as uow:
            held: CaseRow = uow.cases.open(customer, "user_1", role, "test") if case is None else uow.cases.get(case)
            message = uow.messages.add(held.id, "inbound", "customer:user_1", text)
            return uow.turns.queue(held, message.id, **turn)

    def journal(self, customer: str, text: str) -> Journal:
        """Of a turn that has been set running."""
        turn = self.queue(customer, text)
        with self.store.unit() as uow:
            uow.turns.start(turn.id)
        return Journal(self.store, turn.id)

    async def says(self, customer: str, text: str, case: str | None = None, role: str = "owner") -> TurnResult:
        """What a customer writes, by way of what every channel does with it."""
        who = Principal(CustomerId(customer), "user_1", Role(role))
        received = receive(self.store, who, "test", text, self.copy.house.limits, case_id=case)
        return await self.lee.take_turn(received.turn)

    async def confirms(self, case: str) -> TurnResult:
        """The customer's yes by a button, to what waits for it."""
        held = self.case(case)
        who = Principal(CustomerId(held.customer), held.user, Role(held.role))
        received = confirm(self.store, who, case, self.copy.house.limits, "Yes, please go ahead.")
        assert received is not None
        return await self.lee.take_turn(received.turn)

    def world(self) -> dict[str, Any]:
        return self.copy.world()

    def refunds(self) -> list[Any]:
        """Those made through this house."""
        return [row for row in self.world().get("refund", {}).values() if row["metadata"].get("lee_case")]

    def case(self, case: str) -> CaseRow:
        with self.store.look() as uow:
            return uow.cases.get(case)

    def messages(self, case: str) -> list[tuple[str, str]]:
        with self.store.look() as uow:
            return [(row.kind, row.body) for row in uow.messages.of(case)]

    def escalations(self, case: str) -> list[Any]:
        with self.store.look() as uow:
            return uow.escalations.of(case)

    def steps(self, turn: str) -> list[Any]:
        with self.store.look() as uow:
            return uow.turns.steps(turn)
