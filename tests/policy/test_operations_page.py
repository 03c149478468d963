"""docs/operations.md has one row for each tool that changes the world, with the key that the code makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from policy.actions import ACTIONS, Action
from policy.operations import operation_key
from policy.sending import Patience
from tests.policy import asked, house

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
SAMPLES: list[tuple[Action, Any]] = [
    (house.refund(), asked.refund_case()),
    (house.credit(), asked.credit_case()),
    (house.retry(), asked.retry_case()),
    (house.change(), asked.plan_case()),
    (house.cancel(), asked.cancel_case()),
    (house.resume(), asked.resume_case()),
    (house.undo(), asked.undo_case()),
    (house.promo(), asked.promotion_case()),
    (house.details(), asked.details_case()),
    (house.vat(), asked.tax_id_case()),
    (house.checkout(), asked.checkout_case()),
    (house.link(), asked.link_case()),
]


def keys() -> dict[str, str]:
    """Tool to operation key, as the page has them."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: row[2] for row in rows}


def test_every_action_has_its_row_and_its_sample() -> None:
    assert set(keys()) == set(ACTIONS) == {action.tool for action, _ in SAMPLES}


def test_the_page_tells_how_patient_the_gate_is() -> None:
    patience, page = Patience(), " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"{patience.facts_seconds:g} seconds to tell the facts, {patience.effect_seconds:g} to answer" in page
    assert f"sent {patience.tries} times at most" in page
    assert f"after {patience.pause_seconds:g} and {patience.pause_seconds * 2:g} seconds" in page
    assert f"({patience.quiet.total_seconds():g} seconds)" in page


@pytest.mark.parametrize(("action", "facts"), SAMPLES)
def test_the_key_on_the_page_is_the_one_that_is_made(action: Action, facts: Any) -> None:
    pattern = re.sub(r"\\\{\w+\\\}", "[^:]+", re.escape(keys()[action.tool]))
    made = operation_key(asked.question(action, facts).proposal, facts, 1)
    assert re.fullmatch(pattern, made)
