"""A case runs one turn at a time, in order; recovery may repeat any call."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from store.cases import CaseRow
from store.database import Store
from store.errors import Conflict, NotFound, TurnDone, TurnRunning
from store.turns import TurnRow
from store.unit_of_work import UnitOfWork
from tests.store.conftest import Clock


def queued(uow: UnitOfWork, case: CaseRow, words: str = "hello") -> TurnRow:
    return uow.turns.queue(case, uow.messages.add(case.id, "inbound", "customer:maya", words).id)


def test_turns_run_one_after_another_in_the_order_of_their_messages(store: Store, case: CaseRow, clock: Clock) -> None:
    with store.unit() as uow:
        first, second, third = (queued(uow, case, word) for word in "abc")
        assert [t.status for t in uow.turns.unfinished()] == ["queued"] * 3
        with pytest.raises(TurnRunning, match=first.id) as busy:
            uow.turns.start(second.id)
        assert busy.value.turn_id == first.id
        assert uow.turns.start(first.id).status == "running"
    with store.unit() as uow:
        assert uow.turns.start(first.id).status == "running"  # a recovered process starts it again
        for later in (second, third):
            with pytest.raises(TurnRunning):
                uow.turns.start(later.id)
        clock.pass_(seconds=2)
        done = uow.turns.finish(first.id, "resolved", {"reply": "done"})
        assert (done.status, done.outcome, done.result, done.ended_at) == (
            "done",
            "resolved",
            {"reply": "done"},
            clock.now,
        )
        with pytest.raises(TurnRunning):
            uow.turns.start(third.id)
        uow.turns.start(second.id)
        assert [t.id for t in uow.turns.unfinished()] == [second.id, third.id]
        assert [t.id for t in uow.turns.of(case.id)] == [first.id, second.id, third.id]


def test_other_cases_do_not_wait(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        other = uow.cases.open("cus_otto", "otto", "owner", "chat")
        for one in (case, other):
            assert uow.turns.start(queued(uow, one).id).status == "running"


def test_the_database_itself_refuses_a_second_running_turn(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        uow.turns.start(queued(uow, case).id)
        second = queued(uow, case)
    with pytest.raises(IntegrityError), store.unit() as uow:
        uow.connection.execute(text("UPDATE turns SET status = 'running' WHERE id = :id"), {"id": second.id})


def test_a_turn_takes_the_epoch_of_its_start(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        turn = queued(uow, case)
        uow.cases.take_over(case.id, "anna")
        uow.cases.hand_back(case.id, "anna")
        assert uow.turns.start(turn.id).epoch == 3
        uow.cases.take_over(case.id, "anna")
        assert uow.turns.start(turn.id).epoch == 3  # started again: still the epoch it began with


def test_finishing_twice_keeps_the_first_result_and_contradiction_is_refused(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        turn = queued(uow, case)
        with pytest.raises(Conflict, match="not started"):
            uow.turns.finish(turn.id, "resolved", {})
        uow.turns.start(turn.id)
        first = uow.turns.finish(turn.id, "resolved", {"reply": "one"})
        assert uow.turns.finish(turn.id, "resolved", {"reply": "two"}) == first
        with pytest.raises(TurnDone):
            uow.turns.finish(turn.id, "escalated", {})
        with pytest.raises(TurnDone):
            uow.turns.start(turn.id)


def test_steps_come_back_redacted_in_order_and_never_change(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        turn = queued(uow, case)
        uow.turns.add_step(turn.id, 1, "tool", {"said": ["pay with 5555 5555 5555 4444"], "n": 2})
        uow.turns.add_step(turn.id, 0, "topic", {"topic": "refund"})
        with pytest.raises(Conflict, match="already has a step 0"):
            uow.turns.add_step(turn.id, 0, "topic", {"topic": "other"})
        steps = uow.turns.steps(turn.id)
        with pytest.raises(NotFound):
            uow.turns.add_step("turn_none", 0, "topic", {})
    assert [(s.n, s.kind, s.content) for s in steps] == [
        (0, "topic", {"topic": "refund"}),
        (1, "tool", {"said": ["pay with [card number removed, ends 4444]"], "n": 2}),
    ]


def test_a_turn_needs_a_message_of_its_own_case(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        other = uow.cases.open("cus_otto", "otto", "owner", "chat")
        message = uow.messages.add(other.id, "inbound", "customer:otto", "hello")
        with pytest.raises(NotFound):
            uow.turns.queue(case, message.id)
        with pytest.raises(NotFound):
            uow.turns.queue(case, "msg_none")
        with pytest.raises(NotFound):
            uow.turns.get("turn_none")


def test_not_a_number_is_no_result(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        turn = queued(uow, case)
        uow.turns.start(turn.id)
        with pytest.raises(ValueError, match="JSON"):
            uow.turns.finish(turn.id, "resolved", {"confidence": float("nan")})
