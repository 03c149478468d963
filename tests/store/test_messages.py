"""Messages are redacted and sealed before they are written, come once, and come back in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from store.cases import CaseRow
from store.database import Store
from store.errors import Conflict, Forged, NotFound
from store.messages import ERASED_TEXT


def test_messages_come_back_in_order_although_the_clock_stands_still(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        for n in range(20):
            uow.messages.add(case.id, "inbound", "customer:maya", f"number {n}")
    with store.look() as uow:
        assert [m.body for m in uow.messages.of(case.id)] == [f"number {n}" for n in range(20)]


def test_the_same_external_id_is_the_same_message(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        first = uow.messages.add(case.id, "inbound", "customer:maya", "hello", external_id="mail-1")
        assert uow.messages.add(case.id, "inbound", "customer:maya", "changed", external_id="mail-1") == first
        other = uow.cases.open("cus_maya", "maya", "owner", "email")
        assert uow.messages.add(other.id, "inbound", "customer:maya", "hi", external_id="mail-1").id != first.id
        assert len(uow.messages.of(case.id)) == 1


def test_nothing_a_customer_wrote_lies_in_any_file_in_the_clear(store: Store, case: CaseRow, tmp_path: Path) -> None:
    body = "Bluebottle jellyfish. My card is 4242 4242 4242 4242, cvv 737."
    with store.unit() as uow:
        message = uow.messages.add(case.id, "inbound", "customer:maya", body)
        uow.record("ticket.received", "customer:maya", case.id, case.customer, {"text": body})
    assert message.body == (
        "Bluebottle jellyfish. My card is [card number removed, ends 4242], cvv [security code removed]."
    )
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 3
    for path in files:
        raw = path.read_bytes()
        assert b"jellyfish" not in raw
        assert b"4242 4242" not in raw


@pytest.mark.parametrize("body", ["", "\0\x01\x7f", "👩‍👩‍👧 שלום مرحبا", "a" * 1_000_000, "half a pair \ud83d!"])
def test_any_text_is_kept(store: Store, case: CaseRow, body: str) -> None:
    with store.unit() as uow:
        kept = uow.messages.add(case.id, "inbound", "customer:maya", body)
    assert kept.body == body.encode("utf-8", "replace").decode()


def test_a_body_moved_to_another_row_is_noticed(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        one = uow.messages.add(case.id, "inbound", "customer:maya", "refund 20")
        two = uow.messages.add(case.id, "inbound", "customer:maya", "no, cancel")
        uow.connection.execute(
            text("UPDATE messages SET body_sealed = (SELECT body_sealed FROM messages WHERE id = :a) WHERE id = :b"),
            {"a": one.id, "b": two.id},
        )
    with store.look() as uow:
        with pytest.raises(Forged, match="belongs to another row"):
            uow.messages.get(two.id)
        assert uow.messages.get(one.id) == one


def test_after_erasure_the_rows_stay_and_the_words_are_gone(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        message = uow.messages.add(case.id, "inbound", "customer:maya", "hello")
        turn = uow.turns.queue(case, message.id)
        uow.turns.start(turn.id)
        uow.turns.add_step(turn.id, 0, "topic", {"topic": "how_to"})
        uow.turns.finish(turn.id, "resolved", {"reply": "hi"})
        escalation = uow.escalations.open(case.id, turn.id, None, "asked_for_human", {"said": "hello"})
        other = uow.cases.open("cus_otto", "otto", "owner", "chat")
        kept = uow.messages.add(other.id, "inbound", "customer:otto", "still here")
    assert len(store.keys.erase("cus_maya")) == 1
    assert store.keys.erase("cus_maya") == []
    with store.unit() as uow:
        erased = uow.messages.get(message.id)
        assert (erased.body, erased.erased, erased.n) == (ERASED_TEXT, True, 1)
        assert uow.turns.get(turn.id).result is None
        assert [(s.content, s.erased) for s in uow.turns.steps(turn.id)] == [({}, True)]
        assert uow.escalations.get(escalation.id).packet is None
        assert [r.payload for r in uow.log.of(case.id)] == [None]
        assert uow.messages.get(kept.id).body == "still here"
        back = uow.messages.add(case.id, "inbound", "customer:maya", "I am back")
        assert [m.body for m in uow.messages.of(case.id)] == [ERASED_TEXT, "I am back"]
    assert not back.erased


def test_unknown_kinds_cases_and_messages_are_plain_errors(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        with pytest.raises(Conflict, match="cannot be 'shout'"):
            uow.messages.add(case.id, "shout", "customer:maya", "x")
        with pytest.raises(NotFound):
            uow.messages.add("case_none", "inbound", "customer:maya", "x")
        with pytest.raises(NotFound):
            uow.messages.get("msg_none")
        assert uow.messages.of(case.id) == []
