"""Bar 11, in a Lee that runs: a card number, its code and a key, written by the customer and standing in Stripe, are in
no prompt, no answer, no log line and no file of the data folder, whether the model answers or is away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx

from app import sandbox_process
from evals.bench.model_server import serving
from store.database import open_store
from tests.process.conftest import Command
from tests.proofs import Proved
from tools.stripe_client import SANDBOX_KEY

PAN = "4242424242424242"
SECRET = "51Nq8yQwErTyUiOpAsDfGh"
CODE = re.compile(rb"cvv\W{0,3}9137")
SPOKEN = "Where do I find each invoice? My card is 4242 4242 4242 4242, cvv 9137, and our key sk_live_" + SECRET + "."
STRIPES = {"sandbox.sqlite3", "sandbox.sqlite3-wal", "sandbox.sqlite3-shm", "sandbox.log"}


def leaks(content: bytes) -> bool:
    """A number also in groups: digits with at most three other bytes between them."""
    spaced = rb"\D{0,3}".join(str(digit).encode() for digit in PAN)
    return SECRET.encode() in content or CODE.search(content) is not None or re.search(spaced, content) is not None


def bought(lee: Command) -> None:
    """A charge of Maya's whose description holds the same."""
    running = sandbox_process.find(lee.data)
    assert running is not None
    charge = {
        "amount": "900",
        "currency": "usd",
        "customer": "cus_maya",
        "payment_method": "pm_maya",
        "confirm": "true",
        "off_session": "true",
        "description": SPOKEN,
    }
    key = {"Authorization": f"Bearer {SANDBOX_KEY}"}
    httpx.post(f"{running.url}/v1/payment_intents", data=charge, headers=key, timeout=10).raise_for_status()


def sinks(lee: Command, cases: list[str]) -> Iterator[tuple[str, bytes]]:
    """What Lee keeps: every row opened with its key, and every file as it lies there."""
    store = open_store(f"sqlite:///{lee.data / 'lee.db'}", lee.data / "keys", lambda: datetime.now(UTC))
    try:
        with store.look() as uow:
            for case in cases:
                turns = uow.turns.of(case)
                steps = [uow.turns.steps(turn.id) for turn in turns]
                for row in (turns, steps, uow.messages.of(case), uow.log.of(case), uow.escalations.of(case)):
                    yield f"rows of {case}", repr(row).encode()
    finally:
        store.close()
    for path in sorted(lee.data.rglob("*")):
        if path.is_file() and path.name not in STRIPES:
            yield str(path.relative_to(lee.data)), path.read_bytes()


def test_what_is_secret_stays_in_no_sink(lee: Command, proved: Proved) -> None:
    bought(lee)
    with serving() as url:
        wired = {"OPENAI_API_KEY": "a key of ours", "OPENAI_BASE_URL": f"{url}/v1", "LEE_MODEL": "bench"}
        told = lee.json("resolve", SPOKEN, "--customer", "cus_maya", **wired)
        prompts = httpx.get(f"{url}/bodies", timeout=10).json()
    away = lee.json("resolve", SPOKEN, "--customer", "cus_maya", **wired)
    assert (told["outcome"], away["outcome"]) == ("resolved", "escalated")
    assert any("list_charges" in prompt for prompt in prompts)
    assert any("900" in prompt for prompt in prompts), "the model has seen the charge"

    found = [(f"prompt {n}", prompt.encode()) for n, prompt in enumerate(prompts)]
    found += [(f"answer {n}", json.dumps(each).encode()) for n, each in enumerate((told, away))]
    found += sinks(lee, [told["case"], away["case"]])
    assert {"lee.db", "lee.log", "workflows.db"} <= {name for name, _ in found}
    leaked = [name for name, content in found if leaks(content)]
    assert leaked == []
    proved("secrets in prompts, answers, opened rows, log lines and files", len(found))


def test_the_scan_sees_what_it_looks_for() -> None:
    assert all(leaks(each) for each in (SPOKEN.encode(), PAN.encode(), b"cvv: 9137", f"x{SECRET}".encode()))
    assert not leaks(b"[card number removed, ends 4242], cvv [security code removed]")
