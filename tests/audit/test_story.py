"""Each kind of entry in plain English; one that nobody has words for is shown as it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from app.house import ROOT
from audit.story import Told, story

AT = "2026-11-20T12:00:00Z"
# Their facts say it all. Keys and articles are of no case, and `draft.` is the beginning of a kind.
OTHERWISE = {
    "escalation.acknowledged",
    "escalation.closed",
    "proposal.turned_away",
    "keys.rotated",
    "article.reviewed",
    "article.vouched",
    "draft.",
}


def told(kind: str, payload: dict[str, object]) -> str:
    return story("case_1", [Told(7, AT, kind, "lee:reconciler", payload)])


@pytest.mark.parametrize(
    ("kind", "payload", "words"),
    [
        ("customer.withdrew", {"shown": "Cancel Team."}, ["said no", "Cancel Team.", "cannot be carried out"]),
        ("effect.taken_back", {"stripe_id": "re_1", "failure": "refund_failed", "intent": "int_1"}, ["re_1", "int_1"]),
        ("effect.stuck", {"intent": "int_1", "error": "LookupError"}, ["int_1", "LookupError", "A human"]),
        ("human.closed", {}, ["closed the case"]),
        ("note", {"n": 3}, ["note", "n", "3"]),
    ],
)
def test_a_kind_in_words(kind: str, payload: dict[str, object], words: list[str]) -> None:
    text = told(kind, payload)
    assert [word for word in words if word not in text] == []
    assert "## 7 · 2026-11-20 12:00:00 UTC" in text


def recorded() -> Iterator[str]:
    """Every kind that the house writes into the log by its name."""
    for room in ("agent", "app", "policy", "store"):
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "record":
                    for each in ast.walk(node.args[0]) if node.args else ():
                        if isinstance(each, ast.Constant) and isinstance(each.value, str):
                            yield each.value


def test_whatever_the_house_records_has_its_words() -> None:
    kinds = set(recorded()) - OTHERWISE
    assert len(kinds) > 10
    assert [kind for kind in sorted(kinds) if f": {kind}" in told(kind, {})] == []
