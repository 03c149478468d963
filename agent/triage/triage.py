"""Tickets in, topic, priority, team and reasoning out; a batch is encoded together and asks no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agent.topics.classifier import Reading, TopicClassifier
from agent.topics.examples import Example, fingerprint, read_examples
from agent.topics.head import Floats, Head, HeadUnusable, load_head
from agent.topics.names import Topic
from agent.triage.rules import Priority, Team, Verdict, judge, load_rules
from agent.triage.signals import Signals, SignalsUnusable, load_signals
from knowledge.embedder import Embedder

QUOTED = 90  # characters of a message or example shown in a reasoning
SUBJECT_MARKS = " .!?:"


class Untriaged(BaseModel):
    """A ticket as it comes in. Anything else in it is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(min_length=1)]
    text: str
    subject: str | None = None
    customer: str | None = None
    plan: str | None = None


class Triaged(BaseModel):
    """What is known of a ticket before anybody works on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    topic: Topic
    confidence: Annotated[float, Field(ge=0, le=1)]
    second_choice: Topic
    priority: Priority
    team: Team
    reasoning: Annotated[str, StringConstraints(min_length=1)]


class Triage:
    """Raises `HeadUnusable` or `SignalsUnusable` when an artefact does not belong to `embedder` or to the examples."""

    def __init__(self, embedder: Embedder, head: Head | None = None, signals: Signals | None = None) -> None:
        self._head = load_head() if head is None else head
        self._signals = load_signals() if signals is None else signals
        self._classifier = TopicClassifier(embedder, self._head)
        if self._signals.model != self._head.model:
            raise SignalsUnusable(
                f"the signals were trained for {self._signals.model}, not for {self._head.model}: "
                "run python -m scripts.train_signals"
            )
        self._examples = read_examples()
        if fingerprint(self._examples) != self._head.fingerprint:
            raise HeadUnusable(
                "the examples have changed since the head was trained: run python -m scripts.train_topics"
            )
        self._rules = load_rules()
        topics = np.array([example.topic.value for example in self._examples])
        self._of_topic = {topic: topics == topic.value for topic in Topic}

    def __call__(self, tickets: Sequence[Untriaged]) -> list[Triaged]:
        """One answer a ticket, in order."""
        readings = self._classifier.read([_words(ticket) for ticket in tickets])
        return [self._one(ticket, reading) for ticket, reading in zip(tickets, readings, strict=True)]

    def _one(self, ticket: Untriaged, reading: Reading) -> Triaged:
        guess = reading.guess
        signals = self._signals.of(reading.vectors)
        verdict = judge(self._rules, guess.topic, guess.second_choice, guess.second_confidence, ticket.plan, signals)
        return Triaged(
            id=ticket.id,
            topic=guess.topic,
            confidence=round(min(1.0, max(0.0, reading.trust)), 4),
            second_choice=guess.second_choice,
            priority=verdict.priority,
            team=verdict.team,
            reasoning=self._reasoning(reading, verdict),
        )

    def _reasoning(self, reading: Reading, verdict: Verdict) -> str:
        guess = reading.guess
        if reading.decisive is None:
            topic = "There are no words to read in it"
        else:
            near, cosine = self._example(reading.vectors[reading.decisive], guess.topic)
            said = (
                f"“{_short(reading.parts[reading.decisive])}” is what decides; it" if len(reading.parts) > 1 else "It"
            )
            topic = (
                f"{said} comes nearest to our example “{_short(near.text)}” of {guess.topic} (cosine {cosine:.2f}); "
                f"{guess.second_choice} is second at {guess.second_confidence:.2f}"
            )
        why = f"{'; '.join(verdict.reasons)} (rules {self._rules.version})"
        return f"{topic}. {verdict.priority.capitalize()} priority, team {verdict.team}: {why}."

    def _example(self, vector: Floats, topic: Topic) -> tuple[Example, float]:
        at, cosine = self._head.nearest(vector, self._of_topic[topic])
        return self._examples[at], cosine


def _words(ticket: Untriaged) -> str:
    """The subject is a sentence before the others."""
    subject = (ticket.subject or "").strip()
    if not subject:
        return ticket.text
    return f"{subject}{'' if subject[-1] in SUBJECT_MARKS else '.'}\n{ticket.text}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 1].rstrip()}…"
