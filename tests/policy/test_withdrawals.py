"""The customer's no takes back what waits for their yes: no button, no old yes and no retry can carry it out later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.actions import Action
from policy.proposals import Proposal
from policy.settlement import Status
from store.consents import WITHDREW
from store.errors import Conflict, NotFound
from tests.policy.house import House, cancel, change, refund, retry

VALID = timedelta(hours=72)


async def waiting(house: House, case: str | None = None, action: Action | None = None) -> Proposal:
    proposal = house.propose(case or house.case(), action or retry())
    assert (await house.gate.submit(proposal)).status is Status.WAITING
    return proposal


def says_no(house: House, case: str, kind: str = "inbound") -> list[str]:
    with house.store.unit() as uow:
        message = uow.messages.add(case, kind, "customer:u", "No, leave it.")
        return uow.consents.withdraw(case, message.id)


@pytest.mark.parametrize("action", [retry(), change(), cancel(), cancel("now")])
async def test_the_button_cannot_carry_it_out_afterwards(house: House, action: Action) -> None:
    proposal = await waiting(house, action=action)
    assert says_no(house, proposal.case) == [proposal.id]
    with house.store.look() as uow:
        assert uow.consents.awaited(proposal.case) is None
    with pytest.raises(Conflict):
        house.says_yes(proposal)
    answer = await house.gate.submit(proposal)
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, WITHDREW)
    with house.store.look() as uow:
        assert uow.proposals.get(proposal.id).rule == WITHDREW
    kind, last = house.log(proposal.case)[-1]
    assert (kind, last["verdict"], last["rule"]) == ("proposal.decided", "deny", WITHDREW)
    assert house.stripe.calls == []
    assert house.intents() == []


async def test_a_yes_that_was_not_used_is_void(house: House) -> None:
    """Also for another proposal of the very same thing: that one is asked about anew."""
    proposal = await waiting(house)
    house.says_yes(proposal)
    says_no(house, proposal.case)
    assert (await house.gate.submit(proposal)).status is Status.REFUSED
    again = house.propose(proposal.case, retry())
    assert (await house.gate.submit(again)).status is Status.WAITING
    assert house.stripe.calls == []
    house.says_yes(again)
    assert (await house.gate.submit(again)).status is Status.SUCCEEDED
    assert len(house.stripe.calls) == 1


async def test_all_that_waits_in_the_case_and_nothing_of_another(house: House) -> None:
    first = await waiting(house)
    second = await waiting(house, first.case, cancel())
    elsewhere = await waiting(house)
    assert set(says_no(house, first.case)) == {first.id, second.id}
    house.says_yes(elsewhere)
    assert (await house.gate.submit(elsewhere)).status is Status.SUCCEEDED


async def test_a_no_says_nothing_about_what_was_shown_later(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        early = uow.messages.add(case, "inbound", "customer:u", "No, leave it.")
    house.clock.pass_(hours=0.1)
    proposal = await waiting(house, case)
    with house.store.unit() as uow:
        assert uow.consents.withdraw(case, early.id) == []
    house.says_yes(proposal)
    assert (await house.gate.submit(proposal)).status is Status.SUCCEEDED


async def test_what_is_done_or_with_a_human_stays_as_it_is(house: House) -> None:
    case = house.case()
    done = house.propose(case, refund())
    assert (await house.gate.submit(done)).status is Status.SUCCEEDED
    assert says_no(house, case) == []
    assert (await house.gate.submit(done)).status is Status.SUCCEEDED
    assert len(house.stripe.calls) == 1


@pytest.mark.parametrize("kind", ["outbound", "draft", "note"])
async def test_only_the_customers_own_message_in_the_case_withdraws(house: House, kind: str) -> None:
    proposal = await waiting(house)
    with pytest.raises(Conflict):
        says_no(house, proposal.case, kind)
    other = house.case()
    with house.store.unit() as uow:
        message = uow.messages.add(other, "inbound", "customer:u", "No.")
    with house.store.unit() as uow, pytest.raises(Conflict):
        uow.consents.withdraw(proposal.case, message.id)
    with house.store.unit() as uow, pytest.raises(NotFound):
        uow.consents.withdraw(proposal.case, "msg_nowhere")
    house.says_yes(proposal)
    assert (await house.gate.submit(proposal)).status is Status.SUCCEEDED


async def test_it_is_in_the_audit_log(house: House) -> None:
    proposal = await waiting(house)
    says_no(house, proposal.case)
    with house.store.look() as uow:
        (entry,) = [entry for entry in uow.log.of(proposal.case) if entry.kind == WITHDREW]
    assert entry.actor == "customer:u"
    assert entry.payload is not None
    assert entry.payload["proposal"] == proposal.id
    assert entry.payload["tool"] == "retry_payment"
