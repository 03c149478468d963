"""Every denial of every law says what it compared, what would change the answer, and how the customer is told."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import policy.rules

FOLDER = Path(str(policy.rules.__file__)).parent


def rulings(kind: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == kind:
                yield f"{path.stem}: {ast.unparse(node.args[0])}", node


FOUND = list(rulings("Deny"))
ASKED = list(rulings("NeedsApproval"))


def test_there_are_many() -> None:
    assert len(FOUND) > 50


@pytest.mark.parametrize(("name", "call"), FOUND, ids=[name for name, _ in FOUND])
def test_a_denial_is_explained(name: str, call: ast.Call) -> None:
    by_name = {each.arg for each in call.keywords}
    said = dict(zip(("rule", "reason", "facts", "remedy"), call.args, strict=False))
    for part in ("reason", "facts", "remedy", "customer_reason"):
        assert part in said or part in by_name, f"{name} has no {part}"
    told = next(each.value for each in call.keywords if each.arg == "customer_reason")
    for words in (each.value for each in ast.walk(told) if isinstance(each, ast.Constant)):
        assert "Stripe" not in str(words), f"{name} speaks of our own tools to the customer"


@pytest.mark.parametrize(("name", "call"), ASKED, ids=[name for name, _ in ASKED])
def test_a_human_who_is_asked_is_told_why_and_what_would_change_it(name: str, call: ast.Call) -> None:
    rule, reason, facts, remedy = (ast.unparse(each) for each in call.args)
    assert rule
    assert reason
    assert facts.startswith("{")
    assert remedy.rstrip("'\"").endswith("."), f"{name} does not say what would change the answer"


WHOLE = [(name, call) for name, call in FOUND if any(each.arg == "customer_remedy" for each in call.keywords)]


def test_most_denials_are_whole_answers_and_not_all() -> None:
    assert 30 < len(WHOLE) < len(FOUND) - 15


@pytest.mark.parametrize(("name", "call"), WHOLE, ids=[name for name, _ in WHOLE])
def test_a_whole_answer_calls_for_no_colleague(name: str, call: ast.Call) -> None:
    """`customer_remedy` says what the customer can do; where a colleague is named, it is empty, so that one comes."""
    by_name = {each.arg: each.value for each in call.keywords}
    told, remedy = by_name["customer_reason"], by_name["customer_remedy"]
    if isinstance(remedy, ast.IfExp):  # both sides of one question
        assert isinstance(told, ast.IfExp), name
        assert ast.unparse(told.test) == ast.unparse(remedy.test), name
        pairs = [(told.body, remedy.body), (told.orelse, remedy.orelse)]
    else:
        pairs = [(told, remedy)]
    for why, way in pairs:
        words = " ".join(str(each.value) for each in ast.walk(way) if isinstance(each, ast.Constant))
        assert words == "" or words.endswith((".", "?")), name
        assert not words or "colleague" not in ast.unparse(why), f"{name} names a colleague and calls none"
        assert "Stripe" not in words
