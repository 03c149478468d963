"""The human's side of a case: approve, deny, reply, close. Everything goes through the same gate and the same log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.effects import EffectRecord, record
from agent.ledger_sentences import about
from billing.ids import CaseId, CustomerId, ProposalId, TurnId
from policy.proposals import Principal, Proposal, Role
from policy.rows import action_of
from policy.settlement import Settlement, Status
from store.database import Store
from store.errors import Conflict
from store.escalations import EscalationRow
from store.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from app.wiring import Gatehouse, House


@dataclass(frozen=True, slots=True)
class Approved:
    settlement: Settlement
    effect: EffectRecord
    told: str | None  # what the customer was told; None while nothing is certain


async def approve(house: House | Gatehouse, case_id: str, human: str) -> Approved:
    """Carry out what waits in a case, once, with this human's approval, and tell the customer what became of it.

    The customer does not authenticate again. Approving again what was begun (the process died, Stripe did not answer)
    makes no second effect: it finds out what became of the first. Raises `Conflict` when nothing waits.
    """
    with house.store.unit() as uow:
        waiting = _waiting(uow, case_id)
        row = uow.proposals.get(waiting.proposal_id or "")
        case = uow.cases.get(case_id)
        if case.owner != "human":
            case = uow.cases.take_over(case_id, human)
        uow.escalations.acknowledge(waiting.id, human)
        if uow.ledger.of_proposal(row.id) is None:
            consent = uow.consents.approve(row.id, human, timedelta(hours=house.limits.consent.approval_valid_hours))
            uow.record(
                "human.approved",
                f"human:{human}",
                case_id,
                case.customer,
                {"proposal": row.id, "approval": consent, "shown": row.shown},
            )
    proposal = Proposal(
        ProposalId(row.id),
        CaseId(case_id),
        None if row.turn_id is None else TurnId(row.turn_id),
        Principal(CustomerId(case.customer), case.user, Role(case.role)),
        action_of(row.tool, row.arguments),
        f"human:{human}",
        "human",
        case.epoch,
    )
    settlement = await house.gate.submit(proposal)
    effect = record(settlement)
    if settlement.status is not Status.SUCCEEDED:
        return Approved(settlement, effect, None)
    told = about(effect)
    with house.store.unit() as uow:
        _answer(uow, waiting, human, told)
    return Approved(settlement, effect, told)


def deny(store: Store, case_id: str, human: str, reason: str) -> None:
    """Refuse what waits in a case and tell the customer why, in the human's own words.

    Raises `Conflict` when nothing waits, or it was approved and may have been done."""
    with store.unit() as uow:
        waiting = _waiting(uow, case_id)
        begun = uow.ledger.of_proposal(waiting.proposal_id or "")
        if begun is not None and begun.status != "failed":
            raise Conflict(f"What waits in case {case_id} was approved already; approve again to see its outcome.")
        case = uow.cases.get(case_id)
        uow.record(
            "human.denied", f"human:{human}", case_id, case.customer, {"proposal": waiting.proposal_id, "why": reason}
        )
        _answer(uow, waiting, human, reason)


def reply(store: Store, case_id: str, human: str, text: str) -> None:
    """Write to the customer; the case stays with the human until it is closed."""
    with store.unit() as uow:
        case = uow.cases.get(case_id)
        if case.owner != "human":
            uow.cases.take_over(case_id, human)
        for waiting in uow.escalations.of(case_id):
            if waiting.status == "open":
                uow.escalations.acknowledge(waiting.id, human)
        uow.messages.add(case_id, "outbound", f"human:{human}", text)
        uow.cases.set_status(case_id, "awaiting_customer")
        uow.record("human.replied", f"human:{human}", case_id, case.customer, {"text": text})


def close(store: Store, case_id: str, human: str) -> None:
    """The case is done: every open escalation closes, the case is resolved."""
    with store.unit() as uow:
        case = uow.cases.get(case_id)
        for waiting in uow.escalations.of(case_id):
            if waiting.status != "closed":
                uow.escalations.close(waiting.id, human)
        uow.cases.set_status(case_id, "resolved")
        uow.record("human.closed", f"human:{human}", case_id, case.customer, {})


def _waiting(uow: UnitOfWork, case_id: str) -> EscalationRow:
    """The newest unfinished escalation of a case that carries a proposal. Raises `NotFound`, `Conflict`."""
    uow.cases.get(case_id)
    found = [row for row in uow.escalations.of(case_id) if row.status != "closed" and row.proposal_id is not None]
    if not found:
        raise Conflict(f"Nothing in case {case_id} waits for an approval.")
    return found[-1]


def _answer(uow: UnitOfWork, waiting: EscalationRow, human: str, text: str) -> None:
    uow.escalations.acknowledge(waiting.id, human)
    said = uow.messages.add(waiting.case_id, "outbound", f"human:{human}", text)
    customer = uow.cases.get(waiting.case_id).customer
    uow.record("human.replied", f"human:{human}", waiting.case_id, customer, {"text": said.body})
    uow.escalations.close(waiting.id, human)
    uow.cases.set_status(waiting.case_id, "resolved")
