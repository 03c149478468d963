"""The command line as people and programs meet it: what it prints, what it returns, how it fails."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from app.owner import OwnerLock
from tests.process.conftest import Command

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

KEYS = {
    "case", "topic", "outcome", "reply", "confidence", "effects", "decisions", "citations", "escalation", "model",
    "usage",
}  # fmt: skip


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_over_the_cap_a_human_approves_once(desk: Command) -> None:
    told = desk.json("resolve", "Please refund the $200 we paid for Business two days ago.", "--customer", "cus_otto")
    assert set(told) == KEYS
    assert told["outcome"] == "escalated"
    assert told["decisions"][-1]["rule"] == "refund.cap"
    assert "$100.00 or less" in told["decisions"][-1]["remedy"]
    assert desk.refunds("ch_otto") == []
    case = told["case"]

    (waiting,) = [row for row in lines(desk.run("inbox", "--json").stdout) if row["case"] == case]
    assert waiting["waits_for_approval"]
    shown = desk.json("inbox", "show", case)
    assert shown["escalations"][0]["packet"]["conversation"]
    assert "$200.00" in shown["waiting"][0]["shown"]
    assert shown["begun"] == []

    approved = desk.json("inbox", "approve", case, "--as", "grace")
    assert approved["status"] == "succeeded"
    assert [refund["amount"] for refund in desk.refunds("ch_otto")] == [20_000]
    [begun] = desk.json("inbox", "show", case)["begun"]
    assert (begun["tool"], begun["status"], begun["amount"]) == ("refund", "succeeded", "$200.00")
    again = desk.run("inbox", "approve", case)
    assert again.returncode == 1
    assert again.stderr.startswith("lee: ")
    assert len(desk.refunds("ch_otto")) == 1

    audit = lines(desk.run("audit", "show", case, "--json").stdout)
    kinds = [entry["kind"] for entry in audit]
    assert kinds.index("human.approved") < kinds.index("effect.settled")
    people = {"human.approved", "human.replied", "escalation.acknowledged", "escalation.closed"}
    assert {entry["actor"] for entry in audit if entry["kind"] in people} == {"human:grace"}
    assert people <= set(kinds)


def test_a_human_approves_while_lee_is_busy(desk: Command) -> None:
    """The owner of the data folder is somebody else; approving needs only the gate."""
    told = desk.json("resolve", "I would like my last payment back, please.", "--customer", "cus_joan")
    assert told["decisions"][-1]["rule"] == "refund.window", told
    with OwnerLock(desk.data):
        busy = desk.run("resolve", "hello", "--customer", "cus_hugo")
        assert busy.returncode == 4
        approved = desk.json("inbox", "approve", told["case"])
    assert approved["status"] == "succeeded"


def test_a_conversation_asks_before_it_changes_a_plan(desk: Command) -> None:
    wish = "I'd like to upgrade to the Team plan."
    talk = desk.run("chat", "--customer", "cus_tess", stdin=f"/yes\n{wish}\nn\n{wish}\n/no\n/quit\n")
    assert talk.returncode == 0, talk.stderr
    for told in ("Nothing waits for your yes.", "everything stays as it is", "Nothing was changed."):
        assert told in " ".join(talk.stdout.split())
    assert plan_of(desk, "cus_tess") == "starter_monthly"
    talk = desk.run("chat", "--customer", "cus_tess", stdin=f"{wish}\nyes please, go ahead\n/yes\n/quit\n")
    assert plan_of(desk, "cus_tess") == "team_monthly", talk.stdout
    assert talk.stdout.count("I have changed your plan") == 1
    assert "Nothing waits for your yes." in talk.stdout


def plan_of(desk: Command, customer: str) -> str:
    (found,) = [row for row in desk.world()["subscription"].values() if row["customer"] == customer]
    return found["items"]["data"][0]["price"]["lookup_key"]


def test_many_tickets_from_a_file(desk: Command, tmp_path: Path) -> None:
    file = tmp_path / "tickets.jsonl"
    tickets = [
        {"id": "a", "text": "Where can I download my invoices?", "customer": "cus_hugo"},
        {"id": "b", "text": "Please cancel my subscription.", "customer": "cus_carl", "confirm": True},
        {"id": "c", "text": "hello", "customer": "cus_nobody"},
        {"id": "d", "text": "I want to cancel my plan", "customer": "cus_gwen", "role": "viewer", "confirm": True},
    ]
    file.write_text("\n".join(json.dumps(ticket) for ticket in tickets))
    done = desk.run("resolve", "--file", str(file), "--json")
    assert done.returncode == 1
    told = {row["id"]: row for row in lines(done.stdout)}
    assert set(told) == {"a", "b", "c", "d"}
    assert [effect["kind"] for effect in told["b"]["effects"]] == ["cancel_subscription"]
    assert "no customer cus_nobody" in told["c"]["error"]
    assert told["d"]["effects"] == []


def test_a_file_that_is_no_ticket_names_the_line(desk: Command, tmp_path: Path) -> None:
    file = tmp_path / "tickets.jsonl"
    file.write_text('{"text": "x", "customer": "cus_hugo"}\n{"text": 1}\n')
    done = desk.run("resolve", "--file", str(file))
    assert done.returncode == 1
    assert "tickets.jsonl was not taken" in done.stderr
    assert "line 2: text" in done.stderr


def test_diagnosis_search_and_customers_for_programs(desk: Command) -> None:
    told = desk.json("diagnose", "cus_dana")
    assert (told["status"], told["self_serve_eligible"]) == ("red", True)
    hits = lines(desk.run("knowledge", "search", "how do I change my card", "--json").stdout)
    assert hits[0]["article"] == "update-card"
    assert 0 <= hits[-1]["answers"] <= 1
    assert len(lines(desk.run("customers", "--json").stdout)) >= 12
    again = desk.json("knowledge", "index")
    assert again["embedded"] == 0
    assert again["articles"] >= 15


def test_doctor_names_what_is_there(desk: Command) -> None:
    done = desk.run("doctor", "--json")
    states = {row["what"]: row["state"] for row in lines(done.stdout)}
    assert done.returncode == 0, done.stderr
    assert states["packages"] == states["policy"] == states["stripe"] == "ok"
    assert states["model"] == "note"


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "says"),
    [
        (["resolve", "hi", "--customer", "cus_nobody"], {}, 1, "no customer cus_nobody"),
        (["resolve", "hi"], {}, 2, "customer"),
        (["inbox", "show", "case_nobody"], {}, 1, "There is no case case_nobody"),
        (["customers"], {"LEE_NO_SUCH": "1"}, 0, ""),
        (["inbox"], {"LEE_NO_SUCH": "1"}, 3, "LEE_NO_SUCH"),
        (["resolve", "hi", "--customer", "cus_hugo"], {"OPENAI_API_KEY": "k"}, 3, "LEE_MODEL"),
        (["resolve", "hi", "--customer", "cus_hugo"], {"STRIPE_API_KEY": "pk_test_1"}, 3, "publishable key"),
    ],
)
def test_failures_are_one_plain_sentence(
    desk: Command, arguments: list[str], environment: dict[str, str], code: int, says: str
) -> None:
    done = desk.run(*arguments, **environment)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_no_room_on_the_disk_is_said_plainly_and_truly(lee: Command) -> None:
    """Full before anything, in between, and after the effect: never a false word, and settled once there is room."""
    lee.json("resolve", "hello", "--customer", "cus_hugo")
    for blocks in (40, 190):
        done = lee.limited(blocks, "resolve", "I was charged twice, please refund one.", "--customer", "cus_nina")
        made = lee.refunds("ch_ninaOne") + lee.refunds("ch_ninaTwo")
        assert "Traceback" not in done.stderr
        assert len(made) <= 1
        if done.returncode != 0:
            assert done.returncode == 5
            assert "support@acme-cloud.example" in done.stderr
            assert not (made and "nothing has been changed" in done.stderr)
        if blocks == 40:
            assert made == []
    lee.json("resolve", "hello", "--customer", "cus_hugo")
    refunded = lee.refunds("ch_ninaOne") + lee.refunds("ch_ninaTwo")
    # Where the ticket itself found no room nothing was begun; where an effect was, its audit entry is there as well.
    settled = [row for row in lee.audit("cus_nina") if row["kind"] == "effect.settled"]
    assert [row["payload"]["receipt"]["stripe_id"] for row in settled] == [refund["id"] for refund in refunded]
    assert len(refunded) <= 1
    assert lee.run("audit", "verify").returncode == 0


def test_a_changed_log_is_found(lee: Command) -> None:
    lee.json("resolve", "hello", "--customer", "cus_hugo")
    assert lee.run("audit", "verify").returncode == 0
    with sqlite3.connect(lee.data / "lee.db") as database:
        database.execute("DROP TRIGGER audit_entries_no_update")
        database.execute("UPDATE audit_entries SET kind = 'nothing.happened' WHERE seq = 1")
    database.close()
    done = lee.run("audit", "verify")
    assert done.returncode == 1
    assert "the log was changed" in done.stderr
