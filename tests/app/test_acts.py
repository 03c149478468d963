"""What a human does at the command line is under a signed checkpoint, and that is copied, before the command ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.records import open_records
from store.checkpoints import NOTES, verify

ACTS = {
    "inbox reply": ["inbox", "reply", "CASE", "We are on it."],
    "inbox deny": ["inbox", "deny", "CASE", "--reason", "Not this time."],
    "inbox close": ["inbox", "close", "CASE"],
    "keys rotate": ["keys", "rotate"],
    "keys erase": ["keys", "erase", "cus_maya", "--yes"],
    "audit export": ["audit", "export", "CASE", "--out", "FOLDER/bundle"],
}


def a_case_that_waits() -> str:
    with open_records() as store, store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        turn = uow.turns.queue(case, uow.messages.add(case.id, "inbound", "customer:maya", "Refund me.").id)
        uow.escalations.open(case.id, turn.id, "prop_waits", "needs_approval", {})
        uow.record("ticket.received", "customer:maya", case.id, "cus_maya", {})
        return case.id


@pytest.fixture
def copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LEE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LEE_CHECKPOINT_COPY", str(tmp_path / "copy"))
    return tmp_path / "copy" / NOTES


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_signed_and_the_signature_copied(act: str, copy: Path, tmp_path: Path) -> None:
    case = a_case_that_waits()
    words = [word.replace("CASE", case).replace("FOLDER", str(tmp_path)) for word in ACTS[act]]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, (done.output, done.exception)
    with open_records() as store:
        report = verify(store)
        assert report.ok
        assert report.covered == report.entries > 0
        assert copy.read_bytes() == (store.folder / NOTES).read_bytes()


def test_what_cannot_be_signed_is_done_and_noted(copy: Path, tmp_path: Path) -> None:
    case = a_case_that_waits()
    copy.mkdir(parents=True)
    done = CliRunner().invoke(cli, ["inbox", "close", case])
    assert done.exit_code == 0
    assert done.output == "Closed.\n"
    assert "log.not_signed" in (tmp_path / "data" / "lee.log").read_text()
    with open_records() as store, store.look() as uow:
        assert uow.cases.get(case).status == "resolved"
