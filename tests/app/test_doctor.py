"""`lee doctor` names everything that is wrong, and goes on: also whether what is done by the clock was done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.checkpointing import sign
from app.doctor import examine
from app.findings import Finding
from app.owner import OwnerLock, owner_of
from app.records import open_records
from app.settings import load_settings
from app.upkeep import unfinished_work
from store.checkpoints import Notary

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("LEE_DATA", str(folder))
    return folder


def told(what: str) -> Finding:
    return {finding.what: finding for finding in examine(load_settings())}[what]


def note(ago: timedelta) -> None:
    with open_records(clock=lambda: datetime.now(UTC) - ago) as store, store.unit() as uow:
        uow.record("note", "lee", None, None, {})


@pytest.mark.parametrize(
    ("name", "value", "what", "says"),
    [
        ("LEE_LIMITS", "/nowhere", "limits", "/nowhere"),
        ("LEE_DATA", "/proc/version/x", "data folder", "/proc/version"),
        ("LEE_KEY_FILE", "/proc/version", "database", "LEE_KEY_FILE"),
        ("STRIPE_API_KEY", "pk_test_1", "stripe key", "publishable"),
        ("OPENAI_API_KEY", "k", "model", "no model"),
        ("LEE_QDRANT_URL", "http://u:secret@127.0.0.1:9", "knowledge", "127.0.0.1:9: no answer"),
        ("LEE_CLICKHOUSE_URL", "http://127.0.0.1:9/?password=secret", "usage", "no answer"),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_examined(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str, says: str
) -> None:
    note(timedelta())
    monkeypatch.setenv(name, value)
    found = {finding.what: finding for finding in examine(load_settings())}
    assert found[what].state == "missing"
    assert says in found[what].says
    assert found["humans"].state == "ok"
    assert not any("secret" in finding.says for finding in found.values())


def test_a_checkpoint_that_did_not_come_is_missed_only_while_lee_works(data: Path) -> None:
    note(2 * HOUR)
    assert told("checkpoints").state == "note"
    with OwnerLock(data):
        assert "although Lee is at work" in told("checkpoints").says
        assert told("checkpoints").state == "missing"
    with open_records() as store:
        sign(Notary(store))
    note(timedelta())
    with OwnerLock(data):
        assert told("checkpoints").state == "ok"
        assert "1 entry since" in told("checkpoints").says


def test_who_is_at_work_is_told_without_taking_the_lock(data: Path) -> None:
    note(timedelta())
    assert owner_of(data) is None
    with OwnerLock(data):
        assert f"process {owner_of(data)}" in told("at work").says
    assert "nobody" in told("at work").says
    (data / "owner.lock").write_text("process 4194999")  # of a process that was killed
    assert owner_of(data) is None


@pytest.mark.parametrize(
    ("ago", "working", "state"), [(HOUR, True, "missing"), (HOUR, False, "note"), (HOUR / 60, True, "note")]
)
def test_an_effect_that_is_open_for_too_long_is_missed(ago: timedelta, working: bool, state: str) -> None:
    (found,) = unfinished_work(0, [NOW, NOW - ago], NOW, 60, working=working)
    assert found.state == state
    assert "2 effects" in found.says


def test_turns_that_were_left_wait_for_somebody_to_work() -> None:
    (found,) = unfinished_work(1, [], NOW, 60, working=False)
    assert (found.state, found.says) == ("note", "unfinished: 1 turn")
    assert [each.state for each in unfinished_work(1, [], NOW, 60, working=True)] == ["ok"]
    assert list(unfinished_work(0, [], NOW, 60, working=True)) == []
