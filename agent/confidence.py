"""One number for how sure Lee may be of a turn, and what lowered it. It can stop things, never permit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.effects import EffectRecord
from knowledge.answerability import QUOTED_FROM


@dataclass(frozen=True, slots=True)
class Confidence:
    """`value` is 0 to 1; `reasons` name what lowered it, in plain words."""

    value: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signals:
    """`answers`, where the reply rests on passages alone: how likely it is, 0 to 1, that they answer; else None."""

    topic_confidence: float
    topic_known: bool
    topic_matters: bool = True  # False for a confirmed proposal: the customer's yes needs no classifier
    answers: float | None = None
    reads_failed: int = 0
    reads_made: int = 0
    replies_refused: int = 0
    effects: Sequence[EffectRecord] = ()


_STRANGE = 0.3  # what is left of a confidence when the message may be about nothing of ours


def _stopped(effect: EffectRecord) -> bool:
    """A refusal that is a whole answer is no doubt about it."""
    return effect.status == "failed" or (effect.status == "refused" and not effect.answered)


def assess(signals: Signals) -> Confidence:
    """Start from the topic's calibrated confidence; every doubt takes its share."""
    reasons: list[str] = []
    value = 1.0
    if signals.topic_matters:
        value = signals.topic_confidence
        if not signals.topic_known:
            value = min(value, _STRANGE)
            reasons.append("the topic is not among those Lee knows")
        elif value < 0.5:
            reasons.append("the topic is uncertain")
    if signals.answers is not None:
        # A passage that answers does so whatever the topic is called; effects need the topic.
        value = signals.answers * (1.0 if signals.topic_known or not signals.topic_matters else _STRANGE)
        if signals.answers < QUOTED_FROM:
            reasons.append("the passages found are probably about something else")
    if signals.reads_failed:
        value *= 0.5 if signals.reads_failed >= signals.reads_made else 0.8
        reasons.append("a source did not answer")
    if signals.replies_refused:
        value *= 0.6
        reasons.append("the first reply said something that was not so")
    statuses = {effect.status for effect in signals.effects}
    if "pending_reconciliation" in statuses:
        value = min(value, 0.1)
        reasons.append("the outcome of an effect is unknown")
    elif any(_stopped(effect) for effect in signals.effects) and "succeeded" not in statuses:
        value *= 0.6
        reasons.append("what was tried was refused")
    return Confidence(round(min(1.0, max(0.0, value)), 3), tuple(reasons))
