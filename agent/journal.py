"""What a turn has learnt, written before its next step: a recovered turn goes on from here and asks nothing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from agent.models.chat import Message, ToolCall, Usage


class StepRow(Protocol):
    @property
    def n(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def content(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """Kinds: `topic`, `brief`, `settled` (a confirmed proposal), `model`, `tool`, `reply`."""

    n: int
    kind: str
    content: dict[str, Any]


class Written(Protocol):
    def add_step(self, turn_id: Any, n: int, kind: str, content: dict[str, Any]) -> StepRow: ...


class Read(Protocol):
    def steps(self, turn_id: Any) -> Sequence[StepRow]: ...


class View(Protocol):
    @property
    def turns(self) -> Read: ...


class Notes(Protocol):
    """The part of `store.database.Store` that a journal needs."""

    def notes(self) -> AbstractContextManager[Written]: ...
    def look(self) -> AbstractContextManager[View]: ...


class Journal:
    """The steps of one turn, in order. Sealing and redaction are the store's work; a step is what the store kept of it,
    so that a model is shown no secret that Stripe's texts hold, and the same before and after a recovery.

    Steps outlive the process, and no disk is waited for: what a loss of power could take is learnt again. What must
    never be lost, an effect and what led to it, is safe with the ledger's own commit."""

    def __init__(self, store: Notes, turn_id: str) -> None:
        self._store = store
        self._turn = turn_id
        with store.look() as uow:
            self._steps = _steps(uow.turns.steps(turn_id))
        self.recovered = bool(self._steps)

    def __iter__(self):
        return iter(tuple(self._steps))

    def add(self, kind: str, *contents: dict[str, Any]) -> None:
        """One step each, all or none of them."""
        first = self._steps[-1].n + 1 if self._steps else 0
        with self._store.notes() as turns:
            kept = [turns.add_step(self._turn, n, kind, content) for n, content in enumerate(contents, first)]
        self._steps += _steps(kept)

    def of(self, kind: str) -> list[Step]:
        return [step for step in self._steps if step.kind == kind]

    def first(self, kind: str) -> dict[str, Any] | None:
        found = self.of(kind)
        return found[0].content if found else None

    def last(self, kind: str) -> dict[str, Any] | None:
        found = self.of(kind)
        return found[-1].content if found else None


def _steps(rows: Sequence[StepRow]) -> list[Step]:
    return [Step(row.n, row.kind, dict(row.content)) for row in rows]


def message_step(message: Message, usage: Usage, model: str, dropped: int) -> dict[str, Any]:
    """A model's answer as a step; `dropped` calls were over the bound and are not part of it."""
    return {
        "content": message.content,
        "calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls],
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "model": model,
        "dropped": dropped,
    }


def step_message(content: Mapping[str, Any]) -> Message:
    made = tuple(ToolCall(call["id"], call["name"], call["arguments"]) for call in content["calls"])
    return Message("assistant", content["content"], made)


def step_usage(content: Mapping[str, Any]) -> Usage:
    return Usage(content["prompt_tokens"], content["completion_tokens"])
