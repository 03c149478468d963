"""The end of a turn, in one transaction: reply, escalation, status, ownership, result. All of it or none of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import structlog

from agent.searching import Searched
from agent.turn import OpenTurn, TurnResult, Units
from store.errors import StaleEpoch
from store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

INBOX = "inbox"  # the owner of an escalated case until a named human acknowledges it


@dataclass(frozen=True, slots=True)
class Ending:
    """`held` keeps the reply back as a draft for a human (draft mode, shadow mode); `proposal` waits for approval;
    `searches` go into the log of searches."""

    result: TurnResult
    packet: dict[str, Any] | None = None
    reason: str | None = None
    proposal: str | None = None
    held: bool = False
    searches: tuple[Searched, ...] = ()


def release(store: Units, opened: OpenTurn, ending: Ending) -> TurnResult:
    """Send the reply if the case is still Lee's at the epoch the turn began with; otherwise keep it as a draft.

    Doing it again after a crash changes nothing. Raises `LogUnavailable`: then nothing of it was kept.
    """
    if opened.ours:
        try:
            return _release(store, opened, ending)
        except StaleEpoch:
            log.info("agent.taken_over_meanwhile", case=opened.case.id, turn=opened.turn.id)
    return _draft(store, opened, ending)


def _release(store: Units, opened: OpenTurn, ending: Ending) -> TurnResult:
    case, turn, result = opened.case, opened.turn, ending.result
    with store.unit() as uow:
        uow.cases.require(case.id, "lee", turn.epoch)
        kind = "draft" if ending.held else "outbound"
        said = uow.messages.add(case.id, kind, _author(result), result.reply, turn.id, f"reply:{turn.id}")
        about = result.topic if result.topic != "unknown" or case.topic is None else None
        uow.cases.set_status(case.id, result.outcome, about)
        if ending.packet is not None and ending.reason is not None:
            uow.escalations.open(case.id, turn.id, ending.proposal, ending.reason[:80], ending.packet)
            uow.cases.take_over(case.id, INBOX)
        uow.record(
            "reply.released" if not ending.held else "reply.drafted",
            _author(result),
            case.id,
            case.customer,
            {"turn": turn.id, "outcome": result.outcome, "reason": ending.reason, "text": said.body},
        )
        _log_searches(uow, opened, ending)
        uow.turns.finish(turn.id, result.outcome, result.as_json())
    return result


def _draft(store: Units, opened: OpenTurn, ending: Ending) -> TurnResult:
    """The case is a human's: what Lee would have said is a draft for them, and nothing goes out."""
    case, turn = opened.case, opened.turn
    packet = ending.packet or {}
    kept = replace(
        ending.result, outcome="escalated", escalation={"reason": ending.reason or "human_owns", "packet": packet}
    )
    with store.unit() as uow:
        said = uow.messages.add(case.id, "draft", _author(kept), kept.reply, turn.id, f"reply:{turn.id}")
        if ending.proposal is not None and ending.packet is not None:
            uow.escalations.open(case.id, turn.id, ending.proposal, (ending.reason or "needs_approval")[:80], packet)
        uow.record(
            "reply.drafted",
            _author(kept),
            case.id,
            case.customer,
            {"turn": turn.id, "reason": "the case is a human's", "text": said.body},
        )
        _log_searches(uow, opened, ending)
        uow.turns.finish(turn.id, kept.outcome, kept.as_json())
    return kept


def _log_searches(uow: UnitOfWork, opened: OpenTurn, ending: Ending) -> None:
    for n, made in enumerate(ending.searches):
        uow.searches.add(
            opened.case.id, opened.turn.id, n, _author(ending.result), made.question, made.found, made.answers
        )


def _author(result: TurnResult) -> str:
    return f"lee:{result.model or 'rules'}"
