"""What a person wrote in a proposal or an intent is sealed; the ids and amounts beside it outlive an erasure."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from store.cases import CaseRow
from store.database import Store
from store.erasure import erase
from store.errors import Conflict, Forged
from store.ledger import IntentRow
from store.messages import ERASED_TEXT
from store.proposals import ProposalRow
from tests.store.conftest import SQLITE, of_schema

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS: dict[str, object] = {"name": "Maya Lindqvist", "city": "Göteborg"}


def proposal(case: CaseRow) -> ProposalRow:
    shown = "Change the name to Maya Lindqvist."
    return ProposalRow(
        "prop_1", case.id, None, 1, "lee", "details", WORDS, "d", "allow", "r", "R.", shown, NOON, personal=True
    )


def intent(case: CaseRow, arguments: dict[str, object] = WORDS) -> IntentRow:
    return IntentRow(
        "int_1", case.id, "prop_1", case.customer, "details", arguments, "billing:x", "op", "key", 1, None, None, "h",
        "reserved", None, None, NOON, personal=True,
    )  # fmt: skip


@SQLITE
def test_words_come_back_and_lie_in_no_file_in_the_clear(store: Store, case: CaseRow, tmp_path: Path) -> None:
    with store.unit() as uow:
        uow.proposals.decided(proposal(case))
        uow.ledger.reserve(intent(case))
    with store.look() as uow:
        assert uow.proposals.get("prop_1") == proposal(case)
        assert uow.proposals.of(case.id) == [proposal(case)]
        assert uow.ledger.get("int_1") == intent(case)
        assert uow.ledger.open() == uow.ledger.of(case.id) == [intent(case)]
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("lee.db*"))
    assert b"int_1" in raw
    assert b"Lindqvist" not in raw
    assert "Göteborg".encode() not in raw
    assert b"G\\u00f6teborg" not in raw


def test_a_later_decision_seals_its_sentence_too(store: Store, case: CaseRow) -> None:
    later = replace(proposal(case), shown="Change it for Maya Lindqvist of Göteborg.", verdict="needs_approval")
    with store.unit() as uow:
        uow.proposals.decided(proposal(case))
        uow.proposals.decided(later)
        assert uow.proposals.get("prop_1") == later
        with pytest.raises(Conflict):
            uow.proposals.decided(replace(later, arguments={"name": "Somebody else"}))


def test_after_an_erasure_the_words_are_gone_and_the_books_stay(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        uow.proposals.decided(proposal(case))
        uow.ledger.reserve(intent(case))
    erase(store, case.customer, "anna")
    with store.look() as uow:
        gone = uow.proposals.get("prop_1")
        assert (gone.arguments, gone.shown, gone.rule) == ({}, ERASED_TEXT, "r")
        left = uow.ledger.get("int_1")
        assert (left.arguments, left.operation_key, left.customer) == ({}, "op", case.customer)


def test_a_sealed_value_belongs_to_its_row(store: Store, case: CaseRow, tmp_path: Path) -> None:
    with store.unit() as uow:
        uow.proposals.decided(proposal(case))
        uow.ledger.reserve(intent(case))
        uow.connection.execute(
            text("UPDATE proposals SET personal_sealed = (SELECT personal_sealed FROM intents WHERE id = 'int_1')")
        )
    with store.look() as uow, pytest.raises(Forged):
        uow.proposals.get("prop_1")


@SQLITE
def test_a_database_of_the_first_schema_is_raised_in_place(store: Store, case: CaseRow, tmp_path: Path) -> None:
    """Rows from before hold ids and amounts only, and are read as they are."""
    from store.database import open_store

    with store.unit() as uow:
        plain = replace(proposal(case), personal=False, arguments={"charge": "ch_1"}, shown=None)
        uow.proposals.decided(plain)
    store.close()
    of_schema("0001", tmp_path / "old.db")
    old = sqlite3.connect(tmp_path / "old.db")
    old.execute("ATTACH ? AS new", (str(tmp_path / "lee.db"),))
    for table in ("cases", "proposals"):
        columns = ", ".join(column[1] for column in old.execute(f"PRAGMA main.table_info({table})"))
        old.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    old.commit()
    old.close()
    raised = open_store(f"sqlite:///{tmp_path / 'old.db'}", tmp_path / "keys", lambda: NOON)
    with raised.look() as uow:
        assert uow.proposals.get("prop_1") == plain
    raised.close()
