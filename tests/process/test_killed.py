"""kill -9 during a refund, then a restart: one refund, and the customer is told the truth."""

from __future__ import annotations

import pytest

from policy.crash_points import CrashPoint
from tests.process.conftest import Command

pytestmark = pytest.mark.process

TICKET = "I was charged twice, please refund one."


@pytest.mark.timeout(240)
@pytest.mark.parametrize("point", [CrashPoint.RESERVED, CrashPoint.ANSWERED, CrashPoint.SETTLED])
def test_one_refund_and_the_truth(lee: Command, point: CrashPoint) -> None:
    killed = lee.run("resolve", TICKET, "--customer", "cus_nina", LEE_CRASH_AT=point.value)
    assert killed.returncode == -9
    made = len(lee.refunds("ch_ninaOne") + lee.refunds("ch_ninaTwo"))
    assert made == (0 if point is CrashPoint.RESERVED else 1)

    if point is CrashPoint.SETTLED:  # what a loss of power may take: the engine's file waits for no disk
        for file in lee.data.glob("workflows.db*"):
            file.unlink()
    # Any next command that owns the data folder finishes what was left; here, another customer's question.
    lee.json("resolve", "Where do I find my invoices?", "--customer", "cus_hugo")

    refunds = lee.refunds("ch_ninaOne") + lee.refunds("ch_ninaTwo")
    assert [refund["amount"] for refund in refunds] == [4900]
    entries = lee.run("inbox", "--json").stdout
    told = outbound(lee)
    assert "$49.00" in told, entries
    assert lee.run("audit", "verify").returncode == 0


@pytest.mark.timeout(240)
def test_lee_reconcile_finds_what_a_killed_process_sent(lee: Command) -> None:
    assert "Nothing is open" in lee.run("reconcile").stdout
    assert lee.run("resolve", TICKET, "--customer", "cus_nina", LEE_CRASH_AT=CrashPoint.ANSWERED.value).returncode == -9
    at_once = lee.run("reconcile")
    assert at_once.returncode == 1
    assert "1 not known yet" in at_once.stderr
    lee.control("clock", {"advance": 120})
    row = lee.json("reconcile")
    made = lee.refunds("ch_ninaOne") + lee.refunds("ch_ninaTwo")
    assert (row["status"], row["stripe_id"]) == ("succeeded", made[0]["id"])
    assert len(made) == 1
    assert "Nothing is open" in lee.run("reconcile").stdout


def outbound(lee: Command) -> str:
    """What Nina was told, from the store."""
    from datetime import UTC, datetime

    from store.database import open_store

    store = open_store(f"sqlite:///{lee.data / 'lee.db'}", lee.data / "keys", lambda: datetime.now(UTC))
    try:
        with store.look() as uow:
            (case,) = uow.cases.of_customer("cus_nina")
            bodies = [message.body for message in uow.messages.of(case.id) if message.kind == "outbound"]
            turns = [turn.status for turn in uow.turns.of(case.id)]
    finally:
        store.close()
    assert turns == ["done"]
    assert len(bodies) == 1
    return bodies[0]
