"""After an erasure no file holds the customer's words or name, the log verifies, and nobody else is touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from store.checkpoints import checkpoint, verify
from store.database import Store, open_store
from store.erasure import ERASED_NAME, erase
from store.errors import KeyMissing
from tests.databases import Databases
from tests.store.conftest import BOTH, SQLITE, Clock


@SQLITE
def test_words_and_name_leave_every_file_and_the_log_still_verifies(store: Store, tmp_path: Path) -> None:
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya.lindqvist@example.com", "owner", "chat")
        other = uow.cases.open("cus_otto", "otto@example.com", "owner", "chat")
        for one in (case, other):
            uow.messages.add(one.id, "inbound", f"customer:{one.user}", "about the jellyfish")
            uow.record("ticket.received", f"customer:{one.user}", one.id, one.customer, {"text": "jellyfish"})
    checkpoint(store)
    erasure = erase(store, "cus_maya", "anna")
    assert (len(erasure.keys), erasure.cases) == (1, (case.id,))
    checkpoint(store)
    assert verify(store).ok
    with store.look() as uow:
        (message,) = uow.messages.of(case.id)
        assert (message.erased, message.author) == (True, f"customer:{ERASED_NAME}")
        assert uow.cases.get(case.id).user == ERASED_NAME
        assert [(r.actor, r.payload) for r in uow.log.of(case.id)] == [("customer", None)]
        (kept,) = uow.log.of(other.id)
        assert (kept.actor, kept.payload) == ("customer:otto@example.com", {"text": "jellyfish"})
        assert uow.messages.of(other.id)[0].body == "about the jellyfish"
        last = uow.log.get(uow.log.size())
        assert last is not None
        assert (last.kind, last.actor) == ("customer.erased", "human:anna")
    # A copy made by the database itself holds no earlier page images.
    copy = sqlite3.connect(tmp_path / "copy.db")
    source = sqlite3.connect(tmp_path / "lee.db")
    source.backup(copy)
    copy.execute("VACUUM")
    copy.close()
    source.close()
    raw = (tmp_path / "copy.db").read_bytes()
    assert b"lindqvist" not in raw
    assert b"jellyfish" not in raw
    assert b"otto@example.com" in raw


def test_erasing_twice_or_a_stranger_changes_nothing_more(store: Store) -> None:
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        uow.messages.add(case.id, "inbound", "customer:maya", "hello")
    assert len(erase(store, "cus_maya", "anna").keys) == 1
    assert erase(store, "cus_maya", "anna").keys == ()
    assert erase(store, "cus_nobody", "anna").cases == ()


@BOTH
def test_a_backup_made_before_has_no_words_either_and_its_log_verifies(
    database_url: str, keys_url: str, databases: Databases, tmp_path: Path, clock: Clock
) -> None:
    """The data keys in a database by URL, as several machines have them."""

    def opened(url: str) -> Store:
        return open_store(url, tmp_path / "keys", clock, keys_url=keys_url, key_file=tmp_path / "kek")

    store = opened(database_url)
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        uow.messages.add(case.id, "inbound", "customer:maya", "about the jellyfish")
        uow.record("ticket.received", "customer:maya", case.id, "cus_maya", {"text": "jellyfish"})
        uow.record("lee.started", "lee", None, None, {})
    checkpoint(store)
    store.close()
    (tmp_path / "backup").mkdir()
    url = databases.copy(database_url, tmp_path / "backup")
    store = opened(database_url)
    erase(store, "cus_maya", "anna")
    store.close()
    backup = opened(url)
    with backup.look() as uow:
        assert [(row.body, row.erased) for row in uow.messages.of(case.id)] == [("[erased]", True)]
        assert [row.payload for row in uow.log.of(case.id)] == [None]
    assert verify(backup).ok
    backup.close()
    if databases.dialect == "sqlite":
        assert b"jellyfish" not in (tmp_path / "backup" / "old.db").read_bytes()
    databases.drop(url)
    assert not (tmp_path / "keys" / "data-keys.sqlite").exists()


@SQLITE
def test_a_database_with_other_data_keys_is_refused_when_it_is_opened(
    store: Store, database_url: str, tmp_path: Path, clock: Clock
) -> None:
    with store.unit() as uow:
        uow.record("lee.started", "lee", None, None, {})
    with pytest.raises(KeyMissing, match="not the keys this database was written with"):
        open_store(database_url, tmp_path / "others", clock)
