"""Bar 11, at the store: card numbers, security codes and keys planted in whatever is written down are in no row of any
table, decoded, and in no exported bundle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.auditing import export
from store.database import Store, open_store
from tests.proofs import Proved

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAN = "4242424242424242"
SECRET = "51Nq8yQwErTyUiOpAsDfGh"
CODE = re.compile(r"(?<![0-9a-f])9137(?![0-9a-f])")  # not within one of our ids
FULLWIDTH = "".join(chr(0xFF10 + int(digit)) for digit in PAN)
ARABIC = "".join(chr(0x0660 + int(digit)) for digit in PAN)
PLANTED = {
    "plain": f"my card {PAN} please",
    "spaces": "my card 4242 4242 4242 4242 please",
    "no-break spaces": "my card 4242\u00a04242\u00a04242\u00a04242 please",
    "dashes": "my card 4242-4242-4242-4242 please",
    "en dashes": "my card 4242\u20134242\u20134242\u20134242 please",
    "dots": "my card 4242.4242.4242.4242 please",
    "lines": "my card\n4242\n4242\n4242\n4242\nplease",
    "zero width": "my card 4242\u200b4242\u200b4242\u200b4242 please",
    "full width": f"my card {FULLWIDTH} please",
    "arabic": f"my card {ARABIC} please",
    "security code": f"card {PAN} 12/29 cvv 9137",
    "stripe key": f"use sk_live_{SECRET}",
    "restricted key": f"use rk_test_{SECRET}",
    "webhook secret": f"use whsec_{SECRET}",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", lambda: AT)
    yield opened
    opened.close()


def digits(text: str) -> str:
    """Every digit of every script, without what stands between: how a thief would read it."""
    return "".join(str(int(each)) for each in text if each.isdecimal())


def test_nothing_planted_is_in_any_row_or_bundle(store: Store, tmp_path: Path, proved: Proved) -> None:
    found = sinks = 0
    for name, planted in PLANTED.items():
        with store.unit() as uow:
            case = uow.cases.open("cus_maya", "maya", "owner", "chat")
            message = uow.messages.add(case.id, "inbound", "customer:maya", planted)
            turn = uow.turns.queue(case, message.id)
            uow.turns.start(turn.id)
            uow.turns.add_step(turn.id, 0, "tool", {"result": {"description": planted, planted: [planted]}})
            uow.turns.add_step(turn.id, 1, "model", {"content": planted})
            uow.escalations.open(case.id, turn.id, None, "asked", {"conversation": [planted], "note": {planted: 1}})
            uow.record("proposal.decided", "lee:offline", case.id, "cus_maya", {"facts": {planted: planted}})
            uow.record("ticket.received", "customer:maya", case.id, "cus_maya", {"text": message.body})
            uow.turns.finish(turn.id, "escalated", {"reply": planted})
        with store.look() as uow:
            read = [
                *[row.body for row in uow.messages.of(case.id)],
                *[str(asdict(row)) for row in uow.turns.steps(turn.id)],
                str(asdict(uow.turns.get(turn.id))),
                *[str(asdict(row)) for row in uow.escalations.of(case.id)],
                *[str(asdict(row)) for row in uow.log.of(case.id)],
            ]
        export(store, case.id, tmp_path / name.replace(" ", "_"), None)
        read.append((tmp_path / name.replace(" ", "_") / "case.md").read_text())
        for text in read:
            sinks += 1
            # Ids and times have digits too: what counts is the number itself, the code, the key.
            seen = [line for line in text.split("'") if PAN in digits(line) or CODE.search(line) or SECRET in line]
            found += bool(seen)
            assert not seen, (name, seen)
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("lee.db*"))
    for planted in (PAN, FULLWIDTH, ARABIC, SECRET, "my card"):
        assert planted.encode() not in raw, planted
    proved("secrets in rows and bundles, decoded", sinks, found)
