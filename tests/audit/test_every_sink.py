"""Bar 11, over a whole run: card numbers, codes and keys planted in messages, in Stripe's texts and a model's answers
are in no byte that the run leaves behind, and a customer's words only under their seal.

A run of the house with the workflow engine and a model behind HTTP; then the data folder (with write-ahead logs, while
it is open and afterwards), the databases decoded, the engine's rows, temporary files, what was logged, and the requests
that the model's server got are searched."""

from __future__ import annotations

import json
import logging
import pickle
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.models.openai_chat import Endpoint, OpenAIChat
from app import inbox
from app.auditing import export
from app.logs import logging_to
from app.settings import load_settings
from evals.attacks.places import PLACES, plant
from evals.harness import Bench, open_copy
from sandbox.faults import Fault
from store.checkpoints import checkpoint
from store.database import Store, open_store
from store.erasure import erase
from tests.agent.openai_server import Answer, error, reply, serving, text, tool_calls
from tests.audit.sinks import HIDDEN, PLANTED, decoded, files, rows_of, sqlite_files, tables_of
from tests.databases import Databases
from tests.house.conftest import ask
from tests.proofs import PROVE, Proved
from tests.store.conftest import BOTH

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
SAMPLE = ("lines", "zero width", "arabic", "security code", "stripe key")
ASKED = "Please refund my Starter payment of $20, the jellyfish did not mean to subscribe."


def said() -> list[str]:
    return [f"{planted}. {ASKED}" for name, planted in PLANTED.items() if PROVE or name in SAMPLE]


def model_answers(planted: str) -> list[Answer]:
    """A model that repeats what it should not know, wherever it can: in arguments, in a reply, in plain text."""
    return [
        tool_calls(("search_knowledge", {"query": planted}), ("list_charges", {}), ("list_invoices", {})),
        tool_calls(("billing_details", {}), ("list_charges", {"note": planted}), (planted, {})),
        tool_calls(("update_billing_details", {"name": planted, "email": None, "address": None})),
        text(planted),
        reply(f"{planted} jellyfish"),
        reply("A colleague has a look at it.", kind="escalate"),
    ]


async def play(copy: Any, server: Any, planted: list[str]) -> list[str]:
    plant(copy.sandbox.world, next(place for place in PLACES if place.id == "three fields together"), [
        "4242 4242 4242 4242 cvc 9137", "invoice for 4242-4242-4242-4242", f"sk_live_{HIDDEN.key}",
    ])  # fmt: skip
    cases: list[str] = []
    for n, words in enumerate(planted):
        server.answers[:] = [*model_answers(words), error(500)]
        if n % 2:  # a read that fails is logged
            copy.sandbox.faults.add(Fault("garbled", "GET", "/charges$", count=3))
        result = await ask(copy, "cus_maya", words)
        cases.append(result["case"])
        copy.sandbox.faults.clear()
    inbox.reply(copy.house.store, cases[0], "grace", f"We got {planted[0]}")
    return cases


@pytest.mark.timeout(300)
@BOTH
async def test_a_run_leaves_no_secret_in_any_byte(
    bench: Bench,
    databases: Databases,
    database_url: str,
    keys_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    proved: Proved,
) -> None:
    caplog.set_level(logging.INFO)
    scratch, data = tmp_path / "tmp", tmp_path / "data"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("TMPDIR", str(scratch))
    settings = load_settings(data=data, database_url=database_url, keys_url=keys_url)
    looked = 0
    with serving(text("nothing yet")) as server, logging_to(data):
        model = OpenAIChat(Endpoint("gpt-test", "none", server.url, tries=1))
        async with open_copy(bench, data, settings=settings, model=model, durable=True) as copy:
            cases = await play(copy, server, said())
            opened = list(kept(copy.house.store, cases))
            assert any(HIDDEN.words in each for each in opened), "the customer's words are kept, under their seal"
            assert not [each for each in opened if HIDDEN.in_text(each, sealed_inside=True)]
            looked += len(opened) + search(tmp_path)  # the write-ahead logs are there as long as it is open
            checkpoint(copy.house.store)
            erase(copy.house.store, "cus_maya", "grace")
            assert not [each for each in kept(copy.house.store, cases) if HIDDEN.in_text(each)]
        await model.close()
    looked += search(tmp_path)
    asked = [json.dumps(request, ensure_ascii=False) for request in server.requests]
    assert len(asked) > len(cases)
    assert any(HIDDEN.words in each for each in asked)
    assert not [each for each in asked if HIDDEN.in_text(each, sealed_inside=True)]
    assert not HIDDEN.in_text(caplog.text)  # of all libraries
    rows = 0
    for url in (database_url, keys_url):
        rows += sum(not leaks(where, value) for where, value in tables_of(url))
    engine = [
        value for where, value in tables_of(workflows(databases, database_url, data)) if "workflow_status" in where
    ]
    assert sum("turn_" in str(value) for value in engine) >= len(cases)
    lines = (data / "lee.log").read_text().splitlines()
    assert lines, "nothing was logged: then nothing is shown about the log"
    proved(
        f"values, files, lines and requests of a run with a planted secret ({databases.dialect})",
        looked + rows + len(asked) + len(lines),
    )


def workflows(databases: Databases, database_url: str, data: Path) -> str:
    return database_url if databases.dialect == "postgresql" else f"sqlite:///{data / 'workflows.db'}"


def kept(store: Store, cases: list[str]) -> Iterator[str]:
    """Everything that the store opens."""
    with store.look() as uow:
        for case in cases:
            yield str(asdict(uow.cases.get(case)))
            for turn in uow.turns.of(case):
                yield str(asdict(turn))
                yield from (str(asdict(row)) for row in uow.turns.steps(turn.id))
            for rows in (uow.messages, uow.escalations, uow.proposals, uow.ledger, uow.log):
                yield from (str(asdict(row)) for row in rows.of(case))
        for seq in range(1, uow.log.size() + 1):
            if (row := uow.log.get(seq)) is not None:
                yield str(asdict(row))


def search(folder: Path) -> int:
    """How many files and values were looked at; fails at the first that holds something."""
    found = files(folder)
    for path in found:
        raw = path.read_bytes()
        assert not HIDDEN.in_bytes(raw), path
        if path.suffix in (".log", ".txt", ".json", ".jsonl", ".toml", ".id", ".key"):
            assert not HIDDEN.in_text(raw.decode("utf-8", "replace")), path
    count = len(found)
    for path in sqlite_files(found):
        count += sum(not leaks(where, value) for where, value in rows_of(path))
    return count


def leaks(where: str, value: object) -> bool:
    for each in decoded(value):
        assert not HIDDEN.in_text(each), (where, each[:200])
    return False


def test_nothing_planted_in_any_field_is_in_a_row_or_a_bundle(tmp_path: Path, proved: Proved) -> None:
    """Every wording, at the store: in keys as well as in values, where a run does not put them."""
    store = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", lambda: AT)
    opened: list[str] = []
    try:
        for name, planted in PLANTED.items():
            case = planted_everywhere(store, planted)
            export(store, case, tmp_path / name, None)
            opened += [*kept(store, [case]), (tmp_path / name / "case.md").read_text()]
        for name in PLANTED:
            shutil.rmtree(tmp_path / name)  # a bundle is in the clear
        looked = search(tmp_path)
    finally:
        store.close()
    assert sum(HIDDEN.words in each for each in opened) >= 3 * len(PLANTED)  # message, entry, bundle
    found = [each for each in opened if HIDDEN.in_text(each, sealed_inside=True)]
    assert not found
    proved("rows, bundles and values of the database with a planted secret", len(opened) + looked, len(found))


def planted_everywhere(store: Store, planted: str) -> str:
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        message = uow.messages.add(case.id, "inbound", "customer:maya", f"{planted} jellyfish")
        turn = uow.turns.queue(case, message.id)
        uow.turns.start(turn.id)
        uow.turns.add_step(turn.id, 0, "tool", {"result": {"description": planted, planted: [planted]}})
        uow.turns.add_step(turn.id, 1, "model", {"content": planted})
        uow.escalations.open(case.id, turn.id, None, "asked", {"conversation": [planted], "note": {planted: 1}})
        uow.record("proposal.decided", "lee:offline", case.id, "cus_maya", {"facts": {planted: planted}})
        uow.record("ticket.received", "customer:maya", case.id, "cus_maya", {"text": message.body})
        uow.turns.finish(turn.id, "escalated", {"reply": planted})
        return case.id


@pytest.mark.parametrize(
    "hidden", ["my card 4242 4242\u00a04242\u200b4242", f"sk_live_{HIDDEN.key}", "a JELLYFISH", "cvv 9137"]
)
def test_the_search_finds_what_it_looks_for(hidden: str, tmp_path: Path) -> None:
    wrappings: list[object] = [
        hidden, hidden.encode(), json.dumps({"args": [hidden]}, ensure_ascii=False),
        b64encode(hidden.encode()).decode(), b64encode(pickle.dumps({"result": hidden})).decode(),
    ]  # fmt: skip
    for each in wrappings:
        assert any(HIDDEN.in_text(text) for text in decoded(each)), each
    assert not any(HIDDEN.in_text(text) for text in decoded("turn_4242424242 2026-11-20T12:00:00.913700+00:00"))
    (tmp_path / "lee.log").write_text(hidden)
    with pytest.raises(AssertionError):
        search(tmp_path)
