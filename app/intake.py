"""What every channel does with a customer's words: a case, a message, a turn. Identity comes from authentication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from billing.ids import CaseId, TurnId
from policy.limits import Limits
from policy.proposals import Principal
from store.database import Store

LONGEST = 1_000_000  # characters kept of one message; a longer one is cut, and says so


@dataclass(frozen=True, slots=True)
class Received:
    case: CaseId
    turn: TurnId


def receive(
    store: Store,
    principal: Principal,
    channel: str,
    text: str,
    *,
    case_id: str | None = None,
    external_id: str | None = None,
) -> Received:
    """A customer's message opens or continues a case and queues a turn, in one transaction with its audit entry.

    `text` may be anything; NUL and lone surrogates, which no database keeps, are replaced.
    """
    body = readable(text)
    with store.unit() as uow:
        case = (
            uow.cases.get(case_id)
            if case_id is not None
            else uow.cases.open(principal.customer, principal.user, principal.role.value, channel)
        )
        message = uow.messages.add(case.id, "inbound", f"customer:{principal.user}", body, external_id=external_id)
        turn = uow.turns.queue(case, message.id)
        uow.record(
            "ticket.received",
            f"customer:{principal.user}",
            case.id,
            principal.customer,
            {
                "message": message.id,
                "turn": turn.id,
                "channel": channel,
                "characters": len(text),
                "text": message.body,
            },
        )
    return Received(CaseId(case.id), TurnId(turn.id))


def confirm(store: Store, principal: Principal, case_id: str, limits: Limits, words: str = "Yes.") -> Received | None:
    """The customer's own yes to what the case's newest proposal showed: a message, a confirmation row and a turn.

    None when nothing waits for a yes. Only a channel calls this, on the customer's own action.
    """
    with store.unit() as uow:
        case = uow.cases.get(case_id)
        proposal_id = uow.consents.awaited(case_id)
        if proposal_id is None:
            return None
        proposal = uow.proposals.get(proposal_id)
        message = uow.messages.add(case_id, "inbound", f"customer:{principal.user}", words)
        consent = uow.consents.confirm(
            proposal_id, message.id, timedelta(hours=limits.consent.confirmation_valid_hours)
        )
        turn = uow.turns.queue(case, message.id, proposal_id)
        uow.record(
            "customer.confirmed",
            f"customer:{principal.user}",
            case_id,
            principal.customer,
            {
                "proposal": proposal_id,
                "confirmation": consent,
                "shown": proposal.shown,
                "message": message.id,
                "text": message.body,
            },
        )
    return Received(CaseId(case_id), TurnId(turn.id))


def decline(store: Store, principal: Principal, case_id: str, words: str = "No.") -> list[str]:
    """The customer's own no to what the case waits for: it cannot be carried out any more. Returns what was withdrawn.

    Only a channel calls this, on the customer's own action."""
    with store.unit() as uow:
        message = uow.messages.add(case_id, "inbound", f"customer:{principal.user}", words)
        return uow.consents.withdraw(case_id, message.id)


def readable(text: str) -> str:
    """The text without what no database keeps, at most `LONGEST` characters."""
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + " […the rest was cut]"
