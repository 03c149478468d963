"""A case's bundle proves itself with the public key alone, and no part of it can be changed without that showing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.auditing import NotThere, bundle_words, check_bundle, check_kept, export, log_words
from audit.bundle import BadBundle, Bundle, verify_bundle
from store.checkpoints import NOTES, PUBLIC_KEY, checkpoint, read_notes, read_public_key
from store.database import Store, open_store
from store.erasure import erase
from store.errors import LogTampered, LogUnavailable

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", lambda: AT)
    yield opened
    opened.close()


@pytest.fixture
def case(store: Store) -> str:
    """A refund, among another customer's entries, with two earlier checkpoints."""
    with store.unit() as uow:
        mine = uow.cases.open("cus_maya", "maya", "owner", "chat")
        other = uow.cases.open("cus_otto", "otto", "owner", "chat")
        for n in range(5):
            uow.record("effect.settled", "lee", other.id, "cus_otto", {"n": n})
        uow.record(
            "ticket.received", "customer:maya", mine.id, "cus_maya", {"channel": "chat", "text": "# My money\nnow"}
        )
    checkpoint(store)
    decided = {"tool": "refund", "arguments": {"charge": "ch_1"}, "verdict": "allow", "rule": "refund.within_limits"}
    decided |= {"reason": "Within every limit.", "facts": {"cap": 10000}, "policy": "abc", "intent": "int_1"}
    receipt = {"kind": "refund", "stripe_id": "re_1", "status": "succeeded", "amount": 2000, "currency": "usd"}
    with store.unit() as uow:
        uow.record("proposal.decided", "lee", mine.id, "cus_maya", {**decided, "budgets": [["value_out", 2000, 15000]]})
        uow.record("effect.sending", "lee", mine.id, "cus_maya", {"intent": "int_1", "idempotency_key": "lee-int_1"})
        uow.record("effect.settled", "lee", mine.id, "cus_maya", {"status": "succeeded", "receipt": receipt})
        uow.record("reply.released", "lee", mine.id, "cus_maya", {"text": "I have refunded $20.00."})
    checkpoint(store)
    with store.unit() as uow:
        uow.record("human.replied", "human:anna", other.id, "cus_otto", {"text": "secret of Otto's"})
    return mine.id


def test_the_story_is_told_in_order_and_verifies_without_the_house(store: Store, case: str, tmp_path: Path) -> None:
    assert export(store, case, tmp_path / "out", None).ok
    told = (tmp_path / "out" / "case.md").read_text()
    order = ["asked, by chat", "> # My money", "refund.within_limits", "lee-int_1", "$20.00", "I have refunded $20.00."]
    places = [told.index(words) for words in order]
    assert places == sorted(places)
    assert "Otto" not in "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    kept = [tmp_path / "notes", tmp_path / "key"]
    kept[0].write_bytes((store.folder / NOTES).read_bytes())
    kept[1].write_bytes((store.folder / PUBLIC_KEY).read_bytes())
    store.close()
    for path in [tmp_path / "lee.db", *(tmp_path / "keys").iterdir()]:
        path.unlink()
    report, verifier = check_bundle(tmp_path / "out", *kept)
    assert (report.findings, report.proven, report.closed, report.anchors) == ((), 5, 0, (6, 10, 11))
    words = " ".join(bundle_words(report, verifier, own_key=False))
    assert "Proven: these 5 entries" in words
    assert "Not proven" in words


def test_no_part_of_a_bundle_can_be_changed(store: Store, case: str, tmp_path: Path) -> None:
    export(store, case, tmp_path / "out", None)
    whole = (tmp_path / "out" / "bundle.json").read_text()
    verifier = read_public_key(store.folder / PUBLIC_KEY)
    notes = read_notes(store.folder / NOTES)
    told = (tmp_path / "out" / "case.md").read_text()
    tried = 0
    for changed in mutants(json.loads(whole)):
        tried += 1
        try:
            report = verify_bundle(Bundle.parse(json.dumps(changed)), verifier, notes, told)
        except BadBundle:
            continue
        assert not report.ok, changed
    assert tried > 100
    edited = verify_bundle(Bundle.parse(whole), verifier, (), told.replace("$20.00", "$2.00"))
    assert edited.findings == ("The story beside the bundle is not what its entries say.",)


def mutants(whole: Any) -> Iterator[Any]:
    """Each text with one character changed, each number with one added, each list with two members swapped."""

    def changed(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            for name in value:
                yield from ({**value, name: each} for each in changed(value[name]))
                yield {other: value[other] for other in value if other != name}
        elif isinstance(value, list):
            for n in range(len(value)):
                yield from ([*value[:n], each, *value[n + 1 :]] for each in changed(value[n]))
                if n:
                    yield [*value[: n - 1], value[n], value[n - 1], *value[n + 1 :]]
        elif isinstance(value, str):
            for n in {0, len(value) // 2, len(value) - 1} - {-1}:
                yield value[:n] + ("A" if value[n] != "A" else "B") + value[n + 1 :]
        elif isinstance(value, int):
            yield value + 1
        else:
            yield "text"

    return changed(whole)


def test_somebody_elses_log_and_key_are_told_from_the_house(store: Store, case: str, tmp_path: Path) -> None:
    export(store, case, tmp_path / "out", None)
    forger = open_store(f"sqlite:///{tmp_path / 'forged.db'}", tmp_path / "forged", lambda: AT)
    with forger.unit() as uow:
        forged = uow.cases.open("cus_maya", "maya", "owner", "chat").id
        uow.record("ticket.received", "customer:maya", forged, "cus_maya", {"text": "never said"})
    export(forger, forged, tmp_path / "forgery", None)
    forger.close()
    assert check_bundle(tmp_path / "forgery", None, None)[0].ok  # in itself it is whole
    named, _ = check_bundle(tmp_path / "forgery", None, store.folder / PUBLIC_KEY)
    assert "another key" in named.findings[0]
    anchored, _ = check_bundle(tmp_path / "forgery", store.folder / NOTES, None)
    assert not anchored.ok


def test_a_bundle_leads_from_the_checkpoint_of_whoever_asks(store: Store, case: str, tmp_path: Path) -> None:
    notes = read_notes(store.folder / NOTES)
    (tmp_path / "mine").write_text(notes[0])
    assert export(store, case, tmp_path / "out", tmp_path / "mine").anchors == (6,)
    with store.unit() as uow:
        uow.record("human.closed", "human:anna", case, "cus_maya", {})
    checkpoint(store)
    newer, _ = check_bundle(tmp_path / "out", store.folder / NOTES, None)
    assert "newer than" in newer.findings[0]


def test_an_erased_customer_is_proven_and_not_shown(store: Store, case: str, tmp_path: Path) -> None:
    before = export(store, case, tmp_path / "before", None)
    erase(store, "cus_maya", "anna")
    report = export(store, case, tmp_path / "after", None)
    assert (report.ok, report.proven, report.closed) == (True, before.proven + 1, before.proven)
    text = "".join(path.read_text() for path in (tmp_path / "after").iterdir())
    assert "money" not in text
    assert "customer (maya)" not in text
    assert "erased the customer" in text
    assert check_bundle(tmp_path / "after", None, None)[0].ok


def test_a_changed_entry_is_not_exported(store: Store, case: str, tmp_path: Path) -> None:
    with store.unit() as uow:
        for verb in ("update", "delete"):
            uow.connection.exec_driver_sql(f"DROP TRIGGER audit_entries_no_{verb}")
        uow.connection.exec_driver_sql("UPDATE audit_entries SET at = '2026-11-20T13' WHERE seq = 6")
    with pytest.raises(LogTampered, match="Entry 6"):
        export(store, case, tmp_path / "out", None)


def test_a_kept_checkpoint_and_a_public_key_are_all_an_auditor_needs(store: Store, case: str, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    for name in (NOTES, PUBLIC_KEY):
        (kept / name).write_bytes((store.folder / name).read_bytes())
    url = f"sqlite:///{tmp_path / 'lee.db'}"
    for path in store.folder.iterdir():
        path.unlink()  # no signing key, no data key
    checked = check_kept(url, tmp_path / "no-such-house", kept / NOTES, None)
    assert (checked.report.ok, checked.report.covered, checked.report.uncovered) == (True, 10, 1)
    words = " ".join(log_words(checked))
    assert "entries 1 to 10 are those signed on 2026-11-20 12:00:00 UTC" in words
    assert "Not proven: the last 1 entries" in words
    with pytest.raises(NotThere, match="nothing"):
        check_kept(url, tmp_path, kept / "nothing", None)
    with pytest.raises(LogUnavailable, match="No such file"):
        check_kept(f"sqlite:///{tmp_path / 'nothing.db'}", tmp_path, kept / NOTES, None)
    assert not (tmp_path / "nothing.db").exists()
    (tmp_path / "text.db").write_text("no database at all " * 100)
    with pytest.raises(LogUnavailable, match="not a database"):
        check_kept(f"sqlite:///{tmp_path / 'text.db'}", tmp_path, kept / NOTES, None)
