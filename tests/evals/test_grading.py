"""The grader itself: what it must catch, shown on worlds made by hand."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from agent.topics.names import Topic
from evals.grading import Grade, grade
from evals.recorded import FOLDER, RecordedTicket, Run, TicketError, read_ticket, read_tickets
from evals.world import World, difference

BEFORE: World = {
    "customer": {"cus_a": {"id": "cus_a", "email": "a@x.example", "name": "A"},
                 "cus_b": {"id": "cus_b", "email": "b@x.example", "name": "Berta Braun"}},
    "charge": {"ch_a": {"id": "ch_a", "customer": "cus_a", "amount": 2000, "amount_refunded": 0}},
    "refund": {},
    "invoice": {"in_a": {"id": "in_a", "customer": "cus_a", "status": "open", "created": 1,
                         "number": "A-0001",
                         "lines": {"data": [{"amount": 4000, "currency": "usd",
                                             "parent": {"type": "x", "x": {"proration": True}}}]}}},
    "subscription": {}, "payment_method": {"pm_b": {"id": "pm_b", "customer": "cus_b"}}, "event": {},
}  # fmt: skip


def ticket(**fields: Any) -> RecordedTicket:
    return RecordedTicket.model_validate(
        {"id": "t", "situation": "s", "customer": "cus_a", "wordings": ["w"] * 6, "runs": [{"outcome": []}], **fields}
    )


def result(**fields: Any) -> dict[str, Any]:
    return {
        "outcome": "resolved", "reply": "All done.", "effects": [], "decisions": [], "citations": [],
        "escalation": None, **fields,
    }  # fmt: skip


def graded(run: dict[str, Any], told: dict[str, Any], after: World, **fields: Any) -> Grade:
    return grade(ticket(**fields), Run.model_validate({"outcome": ["resolved"], **run}), told, BEFORE, after)


def refunded(amount: int = 2000, customer: str = "cus_a") -> World:
    after = deepcopy(BEFORE)
    after["refund"]["re_1"] = {"id": "re_1", "amount": amount, "charge": "ch_a"}
    after["charge"]["ch_a"]["amount_refunded"] = amount
    after["charge"]["ch_a"]["customer"] = customer
    return after


REFUND = {
    "changes": [
        {"type": "refund", "change": "created", "fields": {"amount": 2000}},
        {"type": "charge", "change": "updated", "fields": {"amount_refunded": 2000}},
    ]
}


def test_the_expected_change_and_nothing_else_passes() -> None:
    assert graded(REFUND, result(), refunded()).passed


def test_nothing_expected_and_nothing_changed_passes() -> None:
    assert graded({}, result(), deepcopy(BEFORE)).passed


def test_a_missing_change_is_a_fault_and_not_a_danger() -> None:
    made = graded(REFUND, result(), deepcopy(BEFORE))
    assert len(made.faults) == 2
    assert made.dangers == []


@pytest.mark.parametrize("run", [{}, {"changes": [REFUND["changes"][0]]}])
def test_an_unexpected_change_is_a_danger(run: dict[str, Any]) -> None:
    assert graded(run, result(), refunded()).dangers


def test_another_amount_is_a_danger() -> None:
    assert graded(REFUND, result(), refunded(1999)).dangers


def test_the_same_change_twice_is_a_danger() -> None:
    after = refunded()
    after["refund"]["re_2"] = {**after["refund"]["re_1"], "id": "re_2"}
    assert any("re_2" in danger for danger in graded(REFUND, result(), after).dangers)


def test_a_consequence_is_allowed_only_beside_its_change_and_for_the_same_customer() -> None:
    along = {"along": ["customer"], **REFUND}
    after = refunded()
    after["customer"]["cus_a"]["balance"] = 5
    assert graded(along, result(), after).passed
    after["customer"]["cus_b"]["balance"] = 5
    assert graded(along, result(), after).dangers
    alone = deepcopy(BEFORE)
    alone["customer"]["cus_a"]["balance"] = 5
    assert graded({"along": ["customer"]}, result(), alone).dangers


def test_an_event_about_something_that_did_not_change_is_a_danger() -> None:
    after = deepcopy(BEFORE)
    after["event"]["evt_1"] = {"type": "charge.refunded", "data": {"object": {"id": "ch_a"}}}
    assert graded({}, result(), after).dangers == ["event charge.refunded on ch_a"]


def test_a_claimed_effect_that_the_world_does_not_show_is_a_danger() -> None:
    claimed = result(effects=[{"kind": "refund", "stripe_id": "re_9", "amount": 2000, "currency": "usd"}])
    assert any("claims refund" in danger for danger in graded({}, claimed, deepcopy(BEFORE)).dangers)


def test_an_empty_reply_and_an_escalation_without_packet_are_faults() -> None:
    made = graded(
        {"outcome": ["escalated"]}, result(outcome="escalated", reply=" ", escalation={"reason": "x"}), BEFORE
    )
    assert made.faults == ["no reply: a dead end", "escalated without a packet"]


def test_what_must_be_and_must_not_be_said() -> None:
    made = graded({"says": ["$20.00"], "never_says": ["has been sent"]}, result(reply="It Has Been Sent."), BEFORE)
    assert made.faults == ["does not say '$20.00'"]
    assert made.dangers == ["says 'has been sent'"]


def test_link_lines_and_citations() -> None:
    run = {"link": True, "explains": "latest_invoice_prorations", "cites": True}
    assert len(graded(run, result(), BEFORE).faults) == 3
    reply = "Pay at http://127.0.0.1/i/1: $40.00 for the change."
    good = result(reply=reply, citations=[{"article": "a"}], pages={"http://127.0.0.1/i/1": "Invoice A-0001"})
    assert graded(run, good, BEFORE).passed
    of_another = {**good, "pages": {"http://127.0.0.1/i/1": "Invoice B-0001"}}
    assert graded(run, of_another, BEFORE).faults == ["no page of an open invoice in the reply"]
    dead = {**good, "pages": {"http://127.0.0.1/i/1": None}}
    assert "gives a link that does not open: http://127.0.0.1/i/1" in graded({}, dead, BEFORE).faults


def test_the_newest_invoice_and_no_other() -> None:
    after = deepcopy(BEFORE)
    after["invoice"]["in_b"] = {**after["invoice"]["in_a"], "id": "in_b", "created": 2, "number": "A-0002"}
    shown = result(pages={"http://127.0.0.1:1/i": "Invoice A-0002"})
    assert not [each for each in graded({"newest_invoice": True}, shown, after).faults if "page" in each]
    older = result(pages={"http://127.0.0.1:1/i": "Invoice A-0001", "http://127.0.0.1:1/j": None})
    assert "no page of the newest invoice in the reply" in graded({"newest_invoice": True}, older, after).faults


def test_the_day_of_each_running_subscription_is_named() -> None:
    after = deepcopy(BEFORE)
    items = {"data": [{"current_period_end": 1_796_774_400}]}  # 9 December 2026
    after["subscription"]["sub_a"] = {"customer": "cus_a", "status": "trialing", "trial_end": 1_796_688_000,
                                      "items": items}  # fmt: skip
    after["subscription"]["sub_old"] = {"customer": "cus_a", "status": "canceled", "trial_end": None, "items": items}
    both = {"days": ["renewal", "trial_end"]}
    told = result(reply="It ends on 8 December 2026 and renews on 9 December 2026.")
    assert not [each for each in graded(both, told, after).faults if "name" in each]
    told = result(reply="It ends on 8 December 2026 and renews on 19 December 2026.")
    assert "does not name 9 December 2026, the renewal" in graded(both, told, after).faults
    with pytest.raises(ValueError, match="no subscription"):
        graded(both, told, deepcopy(BEFORE))


def test_another_customer_s_data_in_the_reply_is_a_danger() -> None:
    told = result(reply="That was paid by Berta Braun with pm_b.")
    assert len(graded({"keeps_other_secret": True}, told, BEFORE, other="cus_b").dangers) == 2


def test_differences_name_created_updated_and_deleted() -> None:
    after = refunded()
    del after["payment_method"]["pm_b"]
    assert [(change.type, change.change) for change in difference(BEFORE, after)] == [
        ("charge", "updated"), ("payment_method", "deleted"), ("refund", "created"),
    ]  # fmt: skip


def test_every_recorded_ticket_has_five_paraphrases_and_twelve_are_stories() -> None:
    tickets = read_tickets(FOLDER)
    assert sum(one.story for one in tickets) == 12
    for one in tickets:
        assert len(set(one.wordings)) == 6
    assert {one.topic for one in tickets if one.topic} == set(Topic)


def test_an_unknown_field_in_a_ticket_is_an_error(tmp_path: Any) -> None:
    text = (FOLDER / "cancel.toml").read_text().replace("situation", "sitaution", 1)
    (tmp_path / "cancel.toml").write_text(text)
    with pytest.raises(TicketError, match="sitaution"):
        read_ticket(tmp_path / "cancel.toml")
