"""Priority and team by explicit rules (rules.toml): from topic, second choice, plan and signals. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.topics.names import Topic
from agent.triage.signals import Signal

RULES = Path(__file__).parent / "rules.toml"
Share = Annotated[float, Field(ge=0, le=1)]


class Priority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class Team(StrEnum):
    BILLING = "billing"
    TECHNICAL = "technical"
    GENERAL = "general"
    SUCCESS = "success"
    TRUST = "trust"


STEPS = tuple(Priority)


class ForTopic(BaseModel):
    """`team` is None where the topic says nothing of it (a greeting, a wish for a person)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    team: Team | None = None
    priority: Priority
    because: str


class ForSignal(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    least: Priority
    because: str


class Rules(BaseModel):
    """rules.toml. A topic or signal too many or too few is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    signal_from: Share
    second_from: Share
    raised_plans: frozenset[str]
    signals: Mapping[Signal, ForSignal]
    topics: Mapping[Topic, ForTopic]

    @model_validator(mode="after")
    def _complete(self) -> Rules:
        missing = [*(set(Topic) - set(self.topics)), *(set(Signal) - set(self.signals))]
        if missing:
            raise ValueError(f"no rule for {', '.join(sorted(missing))}")
        return self


@dataclass(frozen=True, slots=True)
class Verdict:
    priority: Priority
    team: Team
    reasons: tuple[str, ...]  # in plain words, the deciding one first


def judge(
    rules: Rules,
    topic: Topic,
    second: Topic,
    second_confidence: float,
    plan: str | None,
    signals: Mapping[Signal, float],
) -> Verdict:
    """Every rule that applied has its reason."""
    own, other = rules.topics[topic], rules.topics[second]
    likely = second_confidence >= rules.second_from
    reasons = [own.because]
    team = own.team
    if team is None and likely and other.team is not None:
        team = other.team
        reasons.append(f"{topic} has no team of its own, and {second} is what it may be about")
    priority = own.priority
    raisers: list[tuple[Priority, str]] = []
    if likely and second is not Topic.UNKNOWN and STEPS.index(other.priority) > STEPS.index(priority):
        # Halfway to the other topic's: it may be that one.
        halfway = STEPS[(STEPS.index(priority) + STEPS.index(other.priority) + 1) // 2]
        raisers.append((halfway, f"it may also be {second}, where {other.because}"))
    raisers += [
        (rules.signals[signal].least, rules.signals[signal].because)
        for signal, value in signals.items()
        if value >= rules.signal_from
    ]
    for least, why in raisers:
        if STEPS.index(least) > STEPS.index(priority):
            priority = least
            reasons.append(why)
    if plan is not None and plan.strip().casefold() in rules.raised_plans and topic is not Topic.GREETING_OR_THANKS:
        raised = STEPS[min(STEPS.index(priority) + 1, len(STEPS) - 1)]
        if raised is not priority:
            priority = raised
            reasons.append(f"one step more for the {plan.strip().casefold()} plan")
    return Verdict(priority, team or Team.GENERAL, tuple(reasons))


@lru_cache(maxsize=1)
def load_rules(path: Path = RULES) -> Rules:
    """Raises pydantic's `ValidationError` (a ValueError) naming the place."""
    return Rules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
