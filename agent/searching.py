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
    """`answers`: how likely the first passage was to answer, in thousandths."""

    question: str
    found: tuple[FoundPassage, ...]
    answers: int | None


def searched(journal: Journal | None, citations: Iterable[Mapping[str, Any]]) -> tuple[Searched, ...]:
    """Every search of the turn that was answered, in order; `citations` are those of the released reply."""
    quoted = {citation["passage"] for citation in citations}
    asked: dict[str, str] = {}
    found: list[Searched] = []
    for step in journal or ():
        if step.kind == "model":
            asked |= {call["id"]: call["arguments"] for call in step.content["calls"] if call["name"] == TOOL}
        elif step.kind == "tool" and step.content["name"] == TOOL and "result" in step.content["result"]:
            told = step.content["result"]["result"]
            sure = told.get("answers")  # not told in a turn that began before this was kept
            question = _question(asked.get(step.content["call"], ""))
            if question is not None:
                passages = tuple(_passage(passage, quoted) for passage in told["passages"])
                found.append(Searched(question, passages, None if sure is None else round(sure * 1000)))
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
