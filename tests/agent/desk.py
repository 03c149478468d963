"""What tests do with a house: let a customer write, look at what changed in the world and in the store."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from agent.lee import Lee
from agent.turn import TurnResult
from evals.harness import Copy
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

    async def says(self, customer: str, text: str, case: str | None = None, role: str = "owner") -> TurnResult:
        return await self.lee.take_turn(self.queue(customer, text, case, role).id)

    async def confirms(self, case: str) -> TurnResult:
        """The channel writes the customer's yes to what waits for it, and queues the turn."""
        with self.store.unit() as uow:
            waiting = uow.consents.awaited(case)
            assert waiting is not None
            message = uow.messages.add(case, "inbound", "customer:user_1", "Yes, please go ahead.")
            uow.consents.confirm(waiting, message.id, timedelta(hours=1))
            turn = uow.turns.queue(uow.cases.get(case), message.id, proposal_id=waiting)
        return await self.lee.take_turn(turn.id)

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
