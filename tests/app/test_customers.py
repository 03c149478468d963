"""`lee customers`: the demo company as people read it, on a terminal of 80 columns."""

from __future__ import annotations

import json

import pytest

from app.commands.customers import command
from app.output import console
from sandbox.demo.roster import STORIES


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 80)


def test_everybody_has_one_line_beneath_a_theme(capsys: pytest.CaptureFixture[str]) -> None:
    command()
    *shown, total = capsys.readouterr().out.splitlines()
    customers = [line for line in shown if line.startswith("cus_")]
    assert sorted(line.split()[0] for line in customers) == sorted(story.customer for story in STORIES)
    assert {line.strip() for line in shown if line not in customers} == {story.theme.capitalize() for story in STORIES}
    assert all(any(story.line in line for line in customers) for story in STORIES), "a line was folded"
    assert total == f"{len(STORIES)} customers"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["Béla"], ["cus_bela"]),
        (["CARDS", "free"], ["cus_zara"]),
        (["zara"], ["cus_zara"]),
        (["checkout", "link"], ["cus_lara"]),
        (["nobody-is-called-this"], []),
    ],
)
def test_words_choose_those_whose_line_has_them_all(
    capsys: pytest.CaptureFixture[str], words: list[str], found: list[str]
) -> None:
    command(words)
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown if line.startswith("cus_")] == found
    assert shown[-1] == f"{len(found)} of {len(STORIES)} customers"


def test_programs_get_a_line_of_json_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    command(["3-D"], as_json=True)
    (iris,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert iris == {
        "customer": "cus_iris",
        "plan": "team",
        "theme": "cards",
        "story": "renewal waits for 3-D Secure",
    }
