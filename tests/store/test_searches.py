"""The log of searches: sealed and redacted, kept once, and after an erasure without a word of the customer's."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from store.database import Store
from store.erasure import erase
from store.errors import NotFound
from store.searches import FoundPassage
from tests.store.conftest import BOTH, SQLITE, Clock

FOUND = (FoundPassage("refunds", "refunds#1", 512, quoted=True), FoundPassage("cards", "cards#2", 301))


@BOTH
def test_a_search_is_kept_once_and_without_secrets(store: Store, clock: Clock) -> None:
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        for _ in range(2):
            uow.searches.add(case.id, "turn_1", 0, "lee:offline", "is 4242 4242 4242 4242 charged?", FOUND, 810)
        uow.searches.add(case.id, None, 0, "human:anna", "cards", (), 0)
        uow.searches.add(case.id, None, 0, "human:anna", "cards again", (), None)
        with pytest.raises(NotFound):
            uow.searches.add("case_none", None, 0, "human:anna", "cards", (), 0)
    with store.look() as uow:
        first, *others = uow.searches.of(case.id)
        assert first.question == "is [card number removed, ends 4242] charged?"
        assert (first.found, first.best, first.quoted, first.answers) == (FOUND, 512, True, 810)
        assert [(row.question, row.best, row.quoted, row.answers) for row in others] == [
            ("cards", 0, False, 0),
            ("cards again", 0, False, None),
        ]
        assert len(uow.searches.since(clock() - timedelta(hours=1))) == 3
        assert uow.searches.since(clock() + timedelta(hours=1)) == []


@SQLITE
def test_an_erasure_takes_the_question_and_leaves_what_was_found(store: Store, tmp_path: Path) -> None:
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        uow.searches.add(case.id, "turn_1", 0, "lee:offline", "where is my jellyfish?", FOUND, 810)
    erase(store, "cus_maya", "anna")
    with store.look() as uow:
        (row,) = uow.searches.of(case.id)
        assert (row.question, row.found) == (None, FOUND)
    with sqlite3.connect(tmp_path / "lee.db") as plain:
        assert b"jellyfish" not in b"".join(line.encode() for line in plain.iterdump())
    plain.close()


@BOTH
def test_a_history_tells_what_became_of_a_case(store: Store, clock: Clock) -> None:
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        message = uow.messages.add(case.id, "inbound", "customer:maya", "hello")
        turn = uow.turns.queue(case, message.id)
        uow.turns.start(turn.id)
        uow.escalations.open(case.id, turn.id, None, "cannot_solve", {})
        uow.turns.finish(turn.id, "escalated", {})
        uow.cases.set_topic(case.id, "how_to")
        uow.drafts.decide(case.id, "discarded", None, "anna", {"why": "a single case"})
        uow.drafts.decide(case.id, "published", "cards", "anna", {})
    with store.look() as uow:
        (told,) = uow.searches.histories(clock() - timedelta(days=1)).values()
        assert (told.id, told.customer, told.topic, told.status) == (case.id, "cus_maya", "how_to", "open")
        assert [(fact.outcome, fact.reason, fact.proposed) for fact in told.turns] == [
            ("escalated", "cannot_solve", False)
        ]
        assert len(told.escalated) == 1
        assert uow.searches.histories(clock() + timedelta(days=1)) == {}
        (decision,) = uow.drafts.decisions().values()
        assert (decision.status, decision.article, decision.human) == ("published", "cards", "anna")
        assert [entry.kind for entry in uow.log.of(case.id)] == [
            "escalation.opened",
            "draft.discarded",
            "draft.published",
        ]


@BOTH
def test_solved_by_humans_are_resolved_cases_with_a_humans_words_and_no_approval(store: Store, clock: Clock) -> None:
    with store.unit() as uow:

        def case(author: str, status: str = "resolved", proposal: str | None = None) -> str:
            clock.pass_(minutes=1)
            made = uow.cases.open("cus_maya", "maya", "owner", "chat").id
            uow.messages.add(made, "outbound", author, "hello")
            uow.escalations.open(made, None, proposal, "cannot_solve", {})
            uow.cases.set_status(made, status)
            return made

        solved = [case("human:anna"), case("human:grace")]
        case("lee:offline")
        case("human:anna", "escalated")
        case("human:anna", proposal="prop_1")
        assert uow.drafts.solved_by_humans(clock() - timedelta(hours=1)) == solved
        assert uow.drafts.solved_by_humans(clock() + timedelta(hours=1)) == []
