"""Several wishes in one message: each is walked by its own flow; what cannot be served beside the first is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.flows.steps import Move, Say, walk
from agent.flows.table import FLOWS, NAMES, one_matter
from agent.flows.view import View
from agent.topics.names import Topic
from policy.actions import ACTIONS

FURTHER = 2  # wishes beside the first; a message with more of them is a matter for a conversation


@dataclass(slots=True)
class Further:
    """What the other wishes lead to: calls to make first, answers to add, and wishes that are only named."""

    calls: list[tuple[str, dict[str, object]]] = field(default_factory=list[tuple[str, dict[str, object]]])
    answers: list[Say] = field(default_factory=list[Say])
    named: list[str] = field(default_factory=list[str])


def further(view: View, first: Move) -> Further:
    """Beside a full answer to the first wish the others are served too; beside a question they are named."""
    found = Further()
    if not isinstance(first, Say) or first.empty:
        return found
    others = _others(view)
    if first.kind == "question":
        found.named = [] if view.brief["asked_before"] else _names(others)
        return found
    for name in others[:FURTHER]:
        move = walk(FLOWS[Topic(name)], view)
        if isinstance(move, list) and _reads(move):
            found.calls = move
            return found
        if isinstance(move, Say) and move.kind == "answer" and not move.empty:
            found.answers.append(move)
        else:
            found.named.append(NAMES[Topic(name)])
    found.named += _names(others[FURTHER:])
    return found


def named_beside(view: View) -> list[str]:
    """The further wishes by name, for a question that has to be answered first."""
    return [] if view.brief["asked_before"] else _names(_others(view))


def _others(view: View) -> list[str]:
    first = view.topic["topic"]
    return [name for name in view.topic["also"] if not one_matter(name, first) and not _price_of_use(view, name)]


def _names(topics: Sequence[str]) -> list[str]:
    return [NAMES[Topic(name)] for name in topics]


def _price_of_use(view: View, name: str) -> bool:
    """What something costs, beside a question about use and with no plan named: the use is meant; its flow says it."""
    return view.topic["topic"] == Topic.USAGE_QUESTION and name == Topic.PRICE_QUESTION and not view.hints.plans


def _reads(calls: Sequence[tuple[str, object]]) -> bool:
    """Reading is free. A change that a clause only seems to ask for ("we don't need it" beside a refund) is named
    instead, so that the customer asks for it or does not."""
    return not any(tool in ACTIONS for tool, _ in calls)


def one_text(texts: Sequence[str]) -> str:
    """The answers one after the other; a closing line that they share is said once, at the end."""
    closing = texts[-1].rstrip().rpartition("\n")[2]
    earlier = [text.rstrip().removesuffix(closing).rstrip() for text in texts[:-1]]
    return "\n\n".join([*(text for text in earlier if text), texts[-1]])
