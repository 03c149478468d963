"""`lee triage`: one answer a line, errors that name theirs, nothing lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from agent.topics.names import Topic
from agent.triage.rules import Priority, Team
from agent.triage.signals import (
    STORED,
    SignalsUnusable,
    fingerprint,
    load_signals,
    read_signal_examples,
)
from agent.triage.triage import Triage, Triaged, Untriaged
from app.cli import cli
from app.failures import Plainly
from app.triaging import Wrong, ticket_of, triage_lines
from knowledge.embedder import load_embedder
from tests.knowledge.conftest import CountingEmbedder

GOOD = {"id": "a", "text": "There are two identical debits for the same invoice on my card."}


@pytest.fixture(scope="module")
def triage() -> Triage:
    return Triage(load_embedder())


def _one(triage: Triage, text: str, **more: str) -> Triaged:
    (told,) = triage([Untriaged(id="x", text=text, **more)])
    return told


def test_a_ticket_has_topic_team_priority_and_what_it_rests_on(triage: Triage) -> None:
    told = _one(triage, GOOD["text"])
    assert (told.topic, told.team, told.priority) == (Topic.DUPLICATE_CHARGE, Team.BILLING, Priority.HIGH)
    assert told.confidence > 0.5
    assert "comes nearest to our example “" in told.reasoning
    assert "money may have been taken twice" in told.reasoning


def test_meaning_raises_the_priority_and_a_word_does_not(triage: Triage) -> None:
    calm = _one(triage, "Is there an urgent flag for tasks in your tool?")
    stopped = _one(triage, "Send the invoice again please. Our shop is offline since then and nobody can work.")
    assert calm.priority in (Priority.LOW, Priority.MEDIUM)
    assert stopped.priority is Priority.URGENT
    assert "stands still" in stopped.reasoning


def test_the_subject_is_read_too(triage: Triage) -> None:
    assert _one(triage, "See above, thanks.", subject="Please cancel our subscription").topic is (
        Topic.CANCEL_SUBSCRIPTION
    )


def test_of_a_long_mail_the_deciding_sentence_is_named(triage: Triage) -> None:
    story = "The weather in the mountains was fine and the children learnt to ski at last. " * 6
    told = _one(triage, f"{story}Now to the point. I was charged twice for the same invoice.")
    assert "“I was charged twice for the same invoice.” is what decides" in told.reasoning


@pytest.mark.parametrize("text", ["", "🙂", "\ud800", "12345"])
def test_a_ticket_without_words_is_unknown_and_says_so(triage: Triage, text: str) -> None:
    told = _one(triage, text)
    assert (told.topic, told.team, told.confidence) == (Topic.UNKNOWN, Team.GENERAL, 0.0)
    assert "no words to read" in told.reasoning


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"id": "1", "text": "x", "colour": "red"}', "unknown field 'colour'"),
        (b'{"id": "1"}', "text is missing"),
        (b'{"text": "x"}', "id is missing"),
        (b'{"id": "", "text": "x"}', "id"),
        (b'{"id": "1", "text": 3}', "text: "),
        (b'{"id": true, "text": "x"}', "id: "),
        (b"[1]", "a JSON array"),
        (b"null", "a JSON null"),
        (b"{", "no JSON"),
        (b'{"id": NaN, "text": "x"}', "NaN is no JSON number"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_a_line_that_is_no_ticket_is_named_with_its_reason(raw: bytes, why: str) -> None:
    told = ticket_of(7, raw)
    assert isinstance(told, Wrong)
    assert told.line == 7
    assert why in told.error


def test_numbers_are_ids_and_a_byte_order_mark_is_no_harm() -> None:
    told = ticket_of(1, b'\xef\xbb\xbf{"id": 12, "text": "hello", "plan": null}')
    assert told == Untriaged(id="12", text="hello")


lines = st.lists(
    st.sampled_from([json.dumps(GOOD).encode(), b"{}", b" ", b"nonsense", b'{"id": 3, "text": "cancel my plan"}']),
    max_size=8,
)


@settings(deadline=None, max_examples=20)
@given(lines=lines)
def test_nothing_is_lost_and_the_order_is_kept(triage: Triage, lines: list[bytes]) -> None:
    answers = list(triage_lines(triage, lines))
    wanted = [ticket_of(number, raw) for number, raw in enumerate(lines, 1) if raw.strip()]
    assert [type(one) is Wrong for one in answers] == [type(one) is Wrong for one in wanted]
    assert [one.id for one in answers] == [one.id for one in wanted]


def _run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["triage", *arguments])


def test_a_file_answers_every_good_line_and_fails_for_the_bad_one(tmp_path: Path) -> None:
    file = tmp_path / "tickets.jsonl"
    file.write_text(f'{json.dumps(GOOD)}\n{{"id": "b", "text": "x", "colour": 1}}\n\n{{"id": "c", "text": "hello!"}}\n')
    ended = _run("--file", str(file), "--json")
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [one["id"] for one in told] == ["a", "b", "c"]
    assert set(told[0]) == {"id", "topic", "confidence", "second_choice", "priority", "team", "reasoning"}
    assert told[1] == {
        "id": "b",
        "line": 2,
        "error": "unknown field 'colour'; there are id, text, subject, customer, plan",
    }
    assert isinstance(ended.exception, Plainly)
    assert "1 of 3 lines are no tickets: line 2: unknown field 'colour'" in str(ended.exception)
    file.write_text(json.dumps(GOOD))
    whole = _run("--file", str(file))
    assert (whole.exit_code, "duplicate_charge" in whole.stdout) == (0, True)


def test_one_ticket_in_words_and_for_programs() -> None:
    shown = _run("Please cancel our subscription at the end of the month.")
    assert "cancel_subscription" in shown.stdout
    told = json.loads(_run("Please cancel our subscription at the end of the month.", "--json").stdout)
    Triaged.model_validate(told)


def test_the_calibration_says_what_is_known_and_what_is_not() -> None:
    shown = _run("--calibration").stdout
    assert "300 reviewed closures" in shown
    assert "expected calibration error" in shown
    told = json.loads(_run("--calibration", "--json").stdout)
    for each, bound in zip(told["selective"], told["bounds"], strict=True):
        assert bound >= (each["wrong"] / each["n"] if each["n"] else 1.0)
    assert _run("text", "--calibration").exit_code == 2


def test_wrong_use_is_said(tmp_path: Path) -> None:
    assert _run().exit_code == 2
    assert _run("text", "--file", "x").exit_code == 2
    assert _run("--file", "x", "--plan", "team").exit_code == 2
    assert "cannot read" in str(_run("--file", str(tmp_path / "none.jsonl")).exception)


def test_the_signals_were_trained_on_these_examples() -> None:
    assert load_signals().fingerprint == fingerprint(read_signal_examples()), "run python -m scripts.train_signals"


def test_a_damaged_artefact_and_another_model_are_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "signals.npz"
    damaged.write_bytes(STORED.read_bytes()[:300])
    with pytest.raises(SignalsUnusable, match=r"scripts\.train_signals"):
        load_signals(damaged)
    with pytest.raises(ValueError, match="bag-of-stems"):
        Triage(CountingEmbedder())


@pytest.mark.parametrize("content", ["calm = ['x']", "weather = []"])
def test_signal_examples_must_be_complete(tmp_path: Path, content: str) -> None:
    file = tmp_path / "signals.toml"
    file.write_text(content)
    with pytest.raises(SignalsUnusable, match="must hold exactly"):
        read_signal_examples(file)
