"""A turn as it is opened, and its result as it is printed, stored and sent to whoever asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from agent.control import Choice
from agent.models.chat import Usage
from policy.proposals import Principal
from store.cases import CaseRow
from store.database import Steps
from store.messages import MessageRow
from store.turns import TurnRow
from store.unit_of_work import UnitOfWork

Outcome = Literal["resolved", "awaiting_customer", "escalated"]


class Units(Protocol):
    """`store.database.Store`."""

    @property
    def clock(self) -> Callable[[], Any]: ...
    def unit(self) -> AbstractContextManager[UnitOfWork]: ...
    def opening(self) -> AbstractContextManager[UnitOfWork]: ...
    def notes(self) -> AbstractContextManager[Steps]: ...
    def look(self) -> AbstractContextManager[UnitOfWork]: ...


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """`conversation` ends with the turn's own message; `asked_before` counts Lee's questions in a row before it.

    `ours` is False when a human owns the case already: Lee then only drafts."""

    case: CaseRow
    turn: TurnRow
    message: MessageRow
    conversation: Sequence[MessageRow]
    principal: Principal
    asked_before: int
    ours: bool
    choices: tuple[Choice, ...] = ()  # what the question before this message offered


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What `lee resolve --json` prints. `stored` is False when nothing could be written down: the turn is then taken up
    again at the next start, and the caller must tell the customer `reply` itself."""

    case: str
    topic: str
    outcome: Outcome
    reply: str
    confidence: float
    effects: tuple[dict[str, Any], ...] = ()
    decisions: tuple[dict[str, Any], ...] = ()
    citations: tuple[dict[str, Any], ...] = ()
    escalation: dict[str, Any] | None = None
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    stored: bool = True

    def as_json(self) -> dict[str, Any]:
        """Exactly the keys that are promised."""
        return {
            "case": self.case,
            "topic": self.topic,
            "outcome": self.outcome,
            "reply": self.reply,
            "confidence": self.confidence,
            "effects": list(self.effects),
            "decisions": list(self.decisions),
            "citations": list(self.citations),
            "escalation": self.escalation,
            "model": self.model,
            "usage": {
                "prompt_tokens": self.usage.prompt_tokens,
                "completion_tokens": self.usage.completion_tokens,
            },
        }


def from_json(stored: dict[str, Any]) -> TurnResult:
    """The result of a turn that had ended before."""
    used = stored["usage"]
    return TurnResult(
        case=stored["case"],
        topic=stored["topic"],
        outcome=stored["outcome"],
        reply=stored["reply"],
        confidence=stored["confidence"],
        effects=tuple(stored["effects"]),
        decisions=tuple(stored["decisions"]),
        citations=tuple(stored["citations"]),
        escalation=stored["escalation"],
        model=stored["model"],
        usage=Usage(used["prompt_tokens"], used["completion_tokens"]),
    )
