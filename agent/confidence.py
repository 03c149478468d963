"""One number for how sure Lee may be of a turn, and what lowered it. It can stop things, never permit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.effects import EffectRecord


@dataclass(frozen=True, slots=True)
class Confidence:
    """`value` is 0 to 1; `reasons` name what lowered it, in plain words."""

    value: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signals:
    """`similarity` is the best passage's, None when nothing was looked up; `rests_on_passages`: the reply cites."""

    topic_confidence: float
    topic_known: bool
    topic_matters: bool = True  # False for a confirmed proposal: the customer's yes needs no classifier
    similarity: float | None = None
    rests_on_passages: bool = False
    reads_failed: int = 0
    reads_made: int = 0
    replies_refused: int = 0
    effects: Sequence[EffectRecord] = ()


# A passage below this similarity is about something else (tools/search_knowledge.py says the same to the model).
_NEAR = 0.42
_SURE = 0.65
_BY_PASSAGES = 0.5


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
            value = min(value, 0.3)
            reasons.append("the topic is not among those Lee knows")
        elif value < 0.5:
            reasons.append("the topic is uncertain")
    if signals.rests_on_passages and signals.similarity is not None:
        nearness = min(1.0, max(0.0, (signals.similarity - _NEAR / 2) / (_SURE - _NEAR / 2)))
        if signals.similarity < _NEAR:
            reasons.append("the passages found are about something else")
        # Passages that fit the words closely answer them, whatever the topic is called; effects need the topic.
        value = max(value * nearness, _BY_PASSAGES * nearness**2)
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
