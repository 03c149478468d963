"""Cases change hands by epoch; escalations are opened once and closed by people."""

from __future__ import annotations

import pytest

from store.cases import CaseRow
from store.database import Store
from store.errors import Conflict, NotFound, StaleEpoch
from tests.store.conftest import Clock


def test_a_new_case_is_lees_at_epoch_one(case: CaseRow, clock: Clock) -> None:
    assert (case.owner, case.epoch, case.status, case.topic) == ("lee", 1, "open", None)
    assert (case.customer, case.user, case.role, case.channel) == ("cus_maya", "maya@example.com", "owner", "chat")
    assert case.opened_at == case.updated_at == clock.now


def test_topic_and_status_are_kept_and_move_the_time(store: Store, case: CaseRow, clock: Clock) -> None:
    clock.pass_(minutes=5)
    with store.unit() as uow:
        uow.cases.set_topic(case.id, "refund")
        changed = uow.cases.set_status(case.id, "escalated")
    assert (changed.topic, changed.status, changed.updated_at, changed.opened_at) == (
        "refund",
        "escalated",
        clock.now,
        case.opened_at,
    )
    with store.look() as uow:
        assert uow.cases.list("escalated") == [changed]
        assert uow.cases.list("open") == []
        assert uow.cases.of_customer("cus_maya") == [changed]
        assert uow.cases.of_customer("cus_otto") == []


def test_taking_over_makes_lees_epoch_stale_and_handing_back_does_not_revive_it(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        assert uow.cases.require(case.id, "lee", 1) == case
        taken = uow.cases.take_over(case.id, "anna")
        assert (taken.owner, taken.epoch) == ("human", 2)
        with pytest.raises(StaleEpoch, match="belongs to human at epoch 2") as stale:
            uow.cases.require(case.id, "lee", 1)
        assert (stale.value.owner, stale.value.epoch) == ("human", 2)
        back = uow.cases.hand_back(case.id)
        assert (back.owner, back.epoch) == ("lee", 3)
        with pytest.raises(StaleEpoch):
            uow.cases.require(case.id, "lee", 1)
        assert uow.cases.require(case.id, "lee", 3).epoch == 3
    with store.look() as uow:
        assert [(r.kind, r.actor) for r in uow.log.of(case.id)] == [
            ("case.taken_over", "human:anna"),
            ("case.handed_back", "human:unnamed"),
        ]


def test_unknown_cases_and_statuses_are_plain_errors(store: Store, case: CaseRow) -> None:
    with store.unit() as uow:
        for call in (uow.cases.get, uow.cases.hand_back, lambda c: uow.cases.take_over(c, "anna")):
            with pytest.raises(NotFound, match="no case case_none"):
                call("case_none")
        with pytest.raises(Conflict, match="cannot be 'lost'"):
            uow.cases.set_status(case.id, "lost")


def test_an_escalation_waits_is_acknowledged_by_the_first_and_closed(store: Store, case: CaseRow, clock: Clock) -> None:
    packet: dict[str, object] = {"facts": ["paid $200"], "tried": [], "note": "card 4242 4242 4242 4242"}
    with store.unit() as uow:
        opened = uow.escalations.open(case.id, "turn_1", "prop_1", "refund.over_cap", packet)
        assert uow.escalations.open(case.id, "turn_1", "prop_1", "refund.over_cap", {"again": 1}) == opened
        assert uow.escalations.open(case.id, "turn_1", None, "refund.over_cap", {}).id != opened.id
    assert opened.packet == {"facts": ["paid $200"], "tried": [], "note": "card [card number removed, ends 4242]"}
    clock.pass_(hours=1)
    with store.unit() as uow:
        assert opened in uow.escalations.list("open")
        assert uow.escalations.acknowledge(opened.id, "anna").acknowledged_by == "anna"
        assert uow.escalations.acknowledge(opened.id, "bert").acknowledged_by == "anna"
        closed = uow.escalations.close(opened.id, "anna")
        assert (closed.status, closed.closed_at) == ("closed", clock.now)
        assert uow.escalations.close(opened.id, "anna") == closed
        with pytest.raises(Conflict, match="closed"):
            uow.escalations.acknowledge(opened.id, "anna")
        with pytest.raises(NotFound):
            uow.escalations.get("esc_none")
        assert [e.status for e in uow.escalations.of(case.id)].count("closed") == 1
        kinds = [r.kind for r in uow.log.of(case.id)]
    assert kinds == ["escalation.opened", "escalation.opened", "escalation.acknowledged", "escalation.closed"]
