"""The shape of a draft, and what of a human's reply makes none."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge.articles import parse_article
from knowledge.drafts import Draft, SolvedCase, draft
from knowledge.library import as_markdown
from knowledge.personal import Own, Privacy, common_of

DAY = dt.date(2026, 11, 21)
COMMON = common_of(
    ["how do we export the data of our team open settings and press in a file is too large it can be this"]
)


def made(question: str, *replies: str) -> Draft | None:
    privacy = Privacy(COMMON, Own(frozenset({"maya"})))
    at = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    return draft(SolvedCase("case_1", "how_to", question, replies, "anna", at, privacy), DAY)


def test_question_cause_and_resolution_from_whom_they_are() -> None:
    found = made(
        "Hello!\nWe are in trouble. How do we export the data of our team?\n\nThanks, Maya",
        "Hi Maya,\nThis is because the file is too large. Open settings:\n\n- press export\n- # press file\n\nAnna",
    )
    assert found is not None
    assert found.article.title == "How do we export the data of our team?"
    assert found.article.text == (
        "## Issue\nWe are in trouble. How do we export the data of our team?\n\n"
        "## Cause\nThis is because the file is too large.\n\n"
        "## Resolution\nOpen settings:\n\n- press export\n- # press file\n\n[name]"
    )
    assert (found.id, found.marks) == ("draft_1", ("[name]",))
    assert found.article.provenance.source == "Case case_1"
    assert parse_article(as_markdown(found.article), "it") == found.article


@pytest.mark.parametrize(
    "reply", ["Hi Maya,\n\nBest,\nAnna", "Thanks!", "Which file is it that you export, and where?", ""]
)
def test_a_reply_that_resolves_nothing_makes_no_draft(reply: str) -> None:
    assert made("How do we export?", reply) is None


def test_markup_and_front_matter_change_no_shape() -> None:
    found = made("# How do we `export`?\n---\nid: x", "---\n# Open <b>settings</b>\n---\nand press export in the file.")
    assert found is not None
    assert found.article.text.count("## ") == 2
    assert found.article.title == "How do we export ?"
    assert "<b>" not in found.article.text
    assert "---" not in found.article.text


def test_a_question_that_is_all_the_customers_own_gives_the_title_away() -> None:
    found = made("Maya's IBAN DE89370400440532013000", "Open settings and press export in the file.")
    assert found is not None
    assert found.article.title == "Open settings and press export in the file."
