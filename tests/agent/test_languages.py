"""The language of a message, and what becomes of one that the model does not read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from agent.languages import foreign_language
from agent.models.scripted import ScriptedModel, replies
from tests.agent.conftest import Opener


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Warum wurde ich zweimal belastet?", "German"),
        ("Je veux annuler mon abonnement", "French"),
        ("¿Por qué me cobraron dos veces?", "Spanish"),
        ("二重に請求されました", "Japanese"),
        ("Why was I charged twice for this?", None),
        ("Bonjour, my card was declined", None),  # mixed: read as it is
        ("refund pls", None),
        ("ok", None),
        ("", None),
        ("cus_abc ch_123", None),
    ],
)
def test_a_language_is_named_only_when_it_is_clear(text: str, language: str | None) -> None:
    assert foreign_language(text) == language


def test_sentences_in_ten_languages_are_named_and_most_short_ones() -> None:
    told = tomllib.loads(Path(__file__).with_name("languages.toml").read_text(encoding="utf-8"))
    assert len(told) == 10
    whole = [(text, language) for language, kinds in told.items() for text in kinds["whole"]]
    assert [(text, named) for text, language in whole if (named := foreign_language(text)) != language] == []
    short = [(foreign_language(text), language) for language, kinds in told.items() for text in kinds["short"]]
    assert sum(named == language for named, language in short) >= 35
    assert sum(named not in (None, language) for named, language in short) <= 1


GERMAN = "Guten Tag, ich möchte gern wissen, warum das in diesem Monat so viel mehr geworden ist."


async def test_a_human_gets_what_the_offline_planner_cannot_read(office: Opener) -> None:
    async with office() as o:
        result = await o.says("cus_ravi", GERMAN)
        assert result.escalation is not None
        assert result.escalation["reason"] == "language"
        assert "German" in str(result.escalation["packet"])
        assert "only read English" in result.reply


async def test_a_model_that_reads_it_is_asked(office: Opener) -> None:
    model = ScriptedModel([replies("I can look into that for you. Which month do you mean?", kind="question")])
    async with office(model) as o:
        result = await o.says("cus_ravi", GERMAN)
        assert len(model.requests) == 1
        assert result.outcome == "awaiting_customer"
