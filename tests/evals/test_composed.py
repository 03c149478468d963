"""Composed replies: the same for a seed, of every kind and action, and never from the words that train the head."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from agent.claims import PARTS_FILE
from evals.composed import FALSE, PARTS, TRUE, compose
from policy.actions import ACTIONS


def test_a_seed_gives_the_same_replies_and_another_gives_others() -> None:
    first, again, other = list(compose(3, 1)), list(compose(3, 1)), list(compose(4, 1))
    assert first == again
    assert len({one.text for one in first} - {one.text for one in other}) > len(first) / 2


@pytest.mark.parametrize("path", [PARTS, PARTS_FILE], ids=["measuring", "training"])
def test_every_action_in_every_kind_with_its_sentence_in_the_text(path: Any) -> None:
    made = list(compose(0, 2, path))
    assert {(one.action, one.kind) for one in made} >= {
        (action, kind) for action in ACTIONS for kind in (*FALSE, *TRUE)
    }
    assert all(one.clause in one.text for one in made)
    assert all(one.claims == (one.kind in FALSE) for one in made)


def test_what_measures_shares_no_whole_clause_with_what_trains() -> None:
    def told(path: Any) -> set[str]:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
        return {text for words in stored["actions"].values() for text in (*words["states"], *words["outcomes"])}

    assert told(PARTS).isdisjoint(told(PARTS_FILE))
