"""The case as data, for the system prompt and for the offline planner alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel

from agent.control import Choice
from agent.effects import EffectRecord


@dataclasses.dataclass(frozen=True, slots=True)
class TopicView:
    """What the classifier made of the message; `source` says whether the case's earlier topic was kept."""

    topic: str
    confidence: float
    known: bool
    second_choice: str | None = None
    second_confidence: float = 0.0
    source: str = "classifier"
    also: tuple[str, ...] = ()  # further wishes in the same message


def brief(
    *,
    topic: TopicView,
    role: str,
    channel: str,
    plans: Sequence[str],
    today: date,
    slots: Any,
    earlier_slots: Any,
    asked_before: int,
    choices: Sequence[Choice] = (),
    confirmed: EffectRecord | None,
    may_act: bool,
) -> dict[str, Any]:
    """JSON-safe. `slots` are of the newest message, `earlier_slots` of the customer's earlier ones in this case;
    `asked_before` counts the questions Lee has put in a row, `choices` are what the last of them offered; `may_act` is
    False where a human has to act."""
    return {
        "topic": dataclasses.asdict(topic),
        "role": role,
        "channel": channel,
        "plans": list(plans),
        "today": today.isoformat(),
        "slots": jsonable(slots),
        "earlier_slots": jsonable(earlier_slots),
        "asked_before": asked_before,
        "choices": [choice.model_dump() for choice in choices],
        "confirmed": None if confirmed is None else {"tool": confirmed.tool, **confirmed.told()},
        "may_act": may_act,
    }


def jsonable(value: Any) -> Any:
    """Dataclasses, models, sets and dates as plain JSON values."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: jsonable(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((jsonable(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
