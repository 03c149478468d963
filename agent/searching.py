"""The searches of a turn, as the log keeps them: what was asked, what was found, what the reply quoted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.journal import Journal
from store.searches import FoundPassage

TOOL = "search_knowledge"


@dataclass(frozen=True, slots=True)
class Searched:
    question: str
    found: tuple[FoundPassage, ...]


def searched(journal: Journal | None, citations: Iterable[Mapping[str, Any]]) -> tuple[Searched, ...]:
    """Every search of the turn that was answered, in order; `citations` are those of the released reply."""
    quoted = {citation["passage"] for citation in citations}
    asked: dict[str, str] = {}
    found: list[Searched] = []
    for step in journal or ():
        if step.kind == "model":
            asked |= {call["id"]: call["arguments"] for call in step.content["calls"] if call["name"] == TOOL}
        elif step.kind == "tool" and step.content["name"] == TOOL and "result" in step.content["result"]:
            passages = step.content["result"]["result"]["passages"]
            question = _question(asked.get(step.content["call"], ""))
            if question is not None:
                found.append(Searched(question, tuple(_passage(passage, quoted) for passage in passages)))
    return tuple(found)


def _question(arguments: str) -> str | None:
    """None when what was kept of a call is no JSON any more: a secret was taken out of it before it was written."""
    try:
        return str(json.loads(arguments)["query"])
    except (ValueError, LookupError, TypeError):
        return None


def _passage(told: Mapping[str, Any], quoted: set[str]) -> FoundPassage:
    score = round(told["similarity"] * 1000)
    return FoundPassage(told["article"], told["passage"], score, told["passage"] in quoted)
