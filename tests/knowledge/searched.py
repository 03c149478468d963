"""Searches and histories of cases as the store gives them, made up."""

from __future__ import annotations

import datetime as dt
from typing import Any

from store.searches import CaseHistory, FoundPassage, SearchRow, TurnFact

BEGIN = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)


def at(hours: float) -> dt.datetime:
    return BEGIN + dt.timedelta(hours=hours)


def search(
    case: str,
    question: str | None,
    hours: float = 0,
    *,
    answers: int | None = 100,
    score: int = 500,
    quoted: bool = False,
) -> SearchRow:
    """One search in the first turn of a case; the passage is of the article `cards`."""
    found = (FoundPassage("cards", "cards#1", score, quoted),)
    return SearchRow(f"srch_{case}_{hours}", case, f"turn_{case}", "lee:offline", question, found, at(hours), answers)


def history(case: str, outcome: str = "escalated", reason: str | None = "cannot_solve", **given: Any) -> CaseHistory:
    """A case with one turn that ended so, an hour after it began; `later` are further turns."""
    begin = given.pop("hours", 0)
    first = TurnFact(f"turn_{case}", 1, outcome, at(begin + 1), reason, given.pop("proposed", False))
    turns = (first, *given.pop("later", ()))
    escalated = (at(begin + 1),) if outcome == "escalated" else ()
    told = {"customer": f"cus_{case}", "topic": "how_to", "status": outcome, "opened_at": at(begin), **given}
    return CaseHistory(id=case, turns=turns, escalated=escalated, **told)


def later(case: str, n: int, outcome: str) -> TurnFact:
    return TurnFact(f"turn_{case}_{n}", n, outcome, at(n), None, False)
