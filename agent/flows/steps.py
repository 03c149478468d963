"""The words a flow is written in, and the walk through it. A flow is data; its conditions are functions of facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agent.flows.view import View
from agent.prompting import render

Arguments = Callable[[View], "dict[str, Any] | None"]
Test = Callable[[View], bool]
Values = Callable[[View], "dict[str, Any]"]


def nothing(_view: View) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Read:
    """Call a read tool unless that was done. `arguments` None: not needed here. A `needed` read that failed ends the
    flow with a human, because without it nothing true could be said."""

    tool: str
    arguments: Arguments = nothing
    needed: bool = True


@dataclass(frozen=True, slots=True)
class When:
    """Walk `then` if the facts say so; a branch that ends nothing falls through to the next step."""

    test: Test
    then: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Propose:
    """Propose an effect once. `arguments` None: there is nothing to propose. `optional`: what follows is an answer
    without it too, where it may not be proposed."""

    tool: str
    arguments: Arguments
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ProposeEach:
    """Propose the same kind of effect on several things, one after the other, each once the one before it is done. What
    is left where one of them is not is for the step that follows to say."""

    tool: str
    arguments: Callable[[View], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Say:
    """End the turn with a template of agent/replies (`<name>.v1.j2`). `empty`: it tells that there was nothing to do,
    so that another reading of the message is tried first. `choices`: what a question offers, as `{label, value}`."""

    template: str
    values: Values = nothing
    kind: Literal["answer", "question"] = "answer"
    citations: Callable[[View], list[str]] = lambda _view: []
    empty: bool = False
    choices: Callable[[View], list[dict[str, str]]] = lambda _view: []


@dataclass(frozen=True, slots=True)
class Offer:
    """Ask, with a template, whether to walk `then`; walk it once the customer has said yes to this very question. The
    question names what would happen, so a question whose facts have changed since is asked anew."""

    template: str
    values: Values
    then: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class HandOver:
    """End the turn with a human. `reason` is one of `agent.control.Escalate`."""

    reason: str
    summary: str


Step = Read | When | Propose | ProposeEach | Offer | Say | HandOver
Move = list[tuple[str, dict[str, Any]]] | Say | HandOver


def walk(steps: Sequence[Step], view: View) -> Move | None:
    """The next move: calls to make now (reads that can go side by side, or one proposal), or an ending."""
    reads: list[tuple[str, dict[str, Any]]] = []
    for step in steps:
        if isinstance(step, Read):
            wanted = step.arguments(view)
            if wanted is None:
                continue
            if not view.asked(step.tool, wanted):
                reads.append((step.tool, wanted))
            elif step.needed and not view.answered(step.tool, wanted):
                return HandOver("cannot_solve", f"{step.tool} did not answer, so the facts are missing.")
            continue
        if reads:
            return reads
        found = _one(step, view)
        if found is not None:
            return found
    return reads or None


def _one(step: When | Propose | ProposeEach | Offer | Say | HandOver, view: View) -> Move | None:
    match step:
        case When():
            return walk(step.then, view) if step.test(view) else None
        case Propose():
            wanted = step.arguments(view)
            if wanted is None:
                return None
            if not view.proposed(step.tool):
                return [(step.tool, wanted)]
            if view.settled(step.tool) is None and not step.optional:
                return HandOver("cannot_solve", f"{step.tool} could not be proposed here; see the suggested action.")
            return None
        case ProposeEach():
            return _next_of(step, view)
        case Offer():
            if view.agreed_to(render(f"{step.template}.v1.j2", **step.values(view))):
                return walk(step.then, view)
            return Say(step.template, step.values, kind="question")
        case Say() | HandOver():
            return step


def _next_of(step: ProposeEach, view: View) -> Move | None:
    for n, wanted in enumerate(step.arguments(view)):
        if not view.asked(step.tool, wanted):
            return [(step.tool, wanted)]
        became = view.status(step.tool, wanted)
        if became is None and n == 0:
            return HandOver("cannot_solve", f"{step.tool} could not be proposed here; see the suggested action.")
        if became != "succeeded":
            return None
    return None
