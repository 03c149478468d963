"""What every channel does with a customer's words: a case, a message, a turn. Identity comes from authentication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from agent.consenting import consent, may_consent
from billing.ids import CaseId, TurnId
from policy.limits import Limits
from policy.proposals import Principal
from store.cases import CaseRow
from store.database import Store
from store.errors import NotFound
from store.messages import MessageRow
from store.proposals import ProposalRow
from store.turns import TurnRow
from store.unit_of_work import UnitOfWork

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
    limits: Limits,
    *,
    case_id: str | None = None,
    external_id: str | None = None,
) -> Received:
    """A customer's message opens or continues a case and queues a turn, in one transaction with its audit entry.

    Words that are nothing but a yes to the one thing that the case showed last are that yes (`agent.consenting`), as
    `confirm` is. The same `external_id` again (a channel delivers twice, also what opened the case) is the turn it was.
    `text` may be anything; NUL and lone surrogates, which no database keeps, are replaced. Raises `NotFound` for a case
    of somebody else's.
    """
    body = readable(text)
    with store.unit() as uow:
        again = None if external_id is None else _delivered(uow, principal, channel, case_id, external_id)
        if again is not None:
            return again
        case = _case(uow, principal, case_id, channel, limits)
        meant = _meant(uow, principal, case, body, limits)
        message = uow.messages.add(case.id, "inbound", f"customer:{principal.user}", body, external_id=external_id)
        if meant is not None:
            turn = _confirmed(uow, principal, case, meant, message, limits)
        else:
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

    None when nothing waits for a yes of theirs. Only a channel calls this, on the customer's own action.
    """
    with store.unit() as uow:
        case = _own(uow, principal, case_id)
        proposal_id = uow.consents.awaited(case_id)
        if proposal_id is None or principal.role not in limits.billing_roles:
            return None
        message = uow.messages.add(case_id, "inbound", f"customer:{principal.user}", words)
        turn = _confirmed(uow, principal, case, uow.proposals.get(proposal_id), message, limits)
    return Received(CaseId(case_id), TurnId(turn.id))


def decline(store: Store, principal: Principal, case_id: str, words: str = "No.") -> list[str]:
    """The customer's own no to what the case waits for: it cannot be carried out any more. Returns what was withdrawn.

    Only a channel calls this, on the customer's own action."""
    with store.unit() as uow:
        _own(uow, principal, case_id)
        message = uow.messages.add(case_id, "inbound", f"customer:{principal.user}", words)
        return uow.consents.withdraw(case_id, message.id)


def readable(text: str) -> str:
    """The text without what no database keeps, at most `LONGEST` characters."""
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + " […the rest was cut]"


def _case(uow: UnitOfWork, principal: Principal, case_id: str | None, channel: str, limits: Limits) -> CaseRow:
    """The case that a message belongs to. A case acts with the rights of whoever opened it: what is written there by a
    colleague who may not spend opens a case of their own."""
    if case_id is not None:
        case = _own(uow, principal, case_id)
        if principal.role in limits.billing_roles or case.role not in limits.billing_roles:
            return case
    return uow.cases.open(principal.customer, principal.user, principal.role.value, channel)


def _own(uow: UnitOfWork, principal: Principal, case_id: str) -> CaseRow:
    """Held until the unit ends. Another customer's case is as if it were not there."""
    case = uow.cases.locked(case_id)
    if case.customer != principal.customer:
        raise NotFound("case", case_id)
    return case


def _delivered(
    uow: UnitOfWork, principal: Principal, channel: str, case_id: str | None, external_id: str
) -> Received | None:
    """The turn of a message that has come before, in whichever case of theirs: the channel need not know that one."""
    known = uow.messages.delivered(principal.customer, channel, case_id, external_id)
    turns = [] if known is None else [turn for turn in uow.turns.of(known.case_id) if turn.message_id == known.id]
    return Received(CaseId(turns[0].case_id), TurnId(turns[0].id)) if turns else None


def _meant(uow: UnitOfWork, principal: Principal, case: CaseRow, body: str, limits: Limits) -> ProposalRow | None:
    """What the words say yes to, where that is beyond doubt and the writer may say it."""
    if case.owner != "lee" or principal.role not in limits.billing_roles or not may_consent(body, principal.user):
        return None
    valid = timedelta(hours=limits.consent.confirmation_valid_hours)
    return consent(body, principal.user, uow.messages.of(case.id), uow.proposals.of(case.id), uow.clock(), valid).to


def _confirmed(
    uow: UnitOfWork, principal: Principal, case: CaseRow, proposal: ProposalRow, message: MessageRow, limits: Limits
) -> TurnRow:
    """The confirmation's row, its turn and its entry in the log. The one place where a customer's yes is written."""
    valid = timedelta(hours=limits.consent.confirmation_valid_hours)
    consent_id = uow.consents.confirm(proposal.id, message.id, valid)
    turn = uow.turns.queue(case, message.id, proposal.id)
    uow.record(
        "customer.confirmed",
        f"customer:{principal.user}",
        case.id,
        principal.customer,
        {
            "proposal": proposal.id,
            "confirmation": consent_id,
            "shown": proposal.shown,
            "message": message.id,
            "text": message.body,
        },
    )
    return turn
