"""The customer's yes: written by a channel, good once, for what was shown, in this case, for a while."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from policy.actions import Action
from policy.proposals import Proposal
from policy.settlement import Status
from store.errors import Conflict, NotFound
from tests.policy.house import House, cancel, change, retry, usd

VALID = timedelta(hours=72)


async def waiting(house: House, action: Action | None = None) -> Proposal:
    proposal = house.propose(house.case(), action or retry())
    answer = await house.gate.submit(proposal)
    assert answer.status is Status.WAITING
    return proposal


def confirm(house: House, proposal: Proposal, kind: str = "inbound", case: str | None = None) -> None:
    with house.store.unit() as uow:
        message = uow.messages.add(case or proposal.case, kind, "customer:u", "Yes.")
        uow.consents.confirm(proposal.id, message.id, VALID)


@pytest.mark.parametrize("action", [retry(), change(), cancel(), cancel("now")])
async def test_nothing_is_charged_changed_or_cancelled_without_it(house: House, action: Action) -> None:
    proposal = await waiting(house, action)
    for _ in range(3):
        assert (await house.gate.submit(proposal)).status is Status.WAITING
    assert house.stripe.calls == []
    assert house.intents() == []


async def test_it_is_good_once(house: House) -> None:
    house.stripe.declines["pm_one"] = "insufficient_funds"
    proposal = await waiting(house)
    house.says_yes(proposal)
    assert (await house.gate.submit(proposal)).status is Status.FAILED
    again = house.propose(proposal.case, retry())
    assert (await house.gate.submit(again)).status is Status.WAITING
    assert len(house.stripe.calls) == 1


async def test_two_proposals_cannot_spend_one_yes(house: House) -> None:
    house.stripe.declines["pm_one"] = "insufficient_funds"
    proposal = await waiting(house)
    house.says_yes(proposal)
    others = [house.propose(proposal.case, retry()) for _ in range(5)]
    answers = [await house.gate.submit(each) for each in (*others, proposal)]
    assert [each.status for each in answers].count(Status.FAILED) == 1
    assert len(house.stripe.calls) == 1
    house.must_balance()


@pytest.mark.parametrize(("hours", "status"), [(71.9, Status.SUCCEEDED), (72.1, Status.WAITING)])
async def test_it_expires(house: House, hours: float, status: Status) -> None:
    proposal = await waiting(house)
    house.says_yes(proposal)
    house.clock.pass_(hours=hours)
    assert (await house.gate.submit(proposal)).status is status


async def test_it_serves_its_own_case_only(house: House) -> None:
    proposal = await waiting(house)
    house.says_yes(proposal)
    elsewhere = house.propose(house.case(), retry())
    assert (await house.gate.submit(elsewhere)).status is Status.WAITING


@pytest.mark.parametrize("kind", ["outbound", "draft", "note"])
async def test_only_the_customers_own_message_confirms(house: House, kind: str) -> None:
    proposal = await waiting(house)
    with pytest.raises(Conflict):
        confirm(house, proposal, kind)


async def test_a_message_of_another_case_does_not(house: House) -> None:
    proposal = await waiting(house)
    with pytest.raises(Conflict):
        confirm(house, proposal, case=house.case())
    with house.store.unit() as uow, pytest.raises(NotFound):
        uow.consents.confirm(proposal.id, "msg_nowhere", VALID)
    with house.store.unit() as uow, pytest.raises(NotFound):
        uow.consents.confirm("prop_nowhere", "msg_nowhere", VALID)


async def test_a_message_older_than_the_question_does_not(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        early = uow.messages.add(case, "inbound", "customer:u", "Yes.")
    proposal = house.propose(case, retry())
    await house.gate.submit(proposal)
    with house.store.unit() as uow, pytest.raises(Conflict):
        uow.consents.confirm(proposal.id, early.id, VALID)


async def test_one_message_confirms_one_thing_once(house: House) -> None:
    proposal = await waiting(house)
    with house.store.unit() as uow:
        message = uow.messages.add(proposal.case, "inbound", "customer:u", "Yes.")
        uow.consents.confirm(proposal.id, message.id, VALID)
    with house.store.unit() as uow, pytest.raises(Conflict):
        uow.consents.confirm(proposal.id, message.id, VALID)


async def test_nothing_to_confirm_is_a_conflict(house: House) -> None:
    proposal = await waiting(house)
    house.says_yes(proposal)
    await house.gate.submit(proposal)
    with pytest.raises(Conflict):
        house.says_yes(proposal)


async def test_a_changed_amount_asks_again(house: House) -> None:
    proposal = await waiting(house)
    house.says_yes(proposal)
    house.stripe.invoices["in_one"] = replace(house.stripe.invoices["in_one"], amount_remaining=usd(2001))
    assert (await house.gate.submit(proposal)).status is Status.WAITING
    assert house.stripe.calls == []
    house.says_yes(proposal)
    assert (await house.gate.submit(proposal)).status is Status.SUCCEEDED


async def test_yes_to_a_cancellation_at_the_periods_end_is_no_yes_to_one_now(house: House) -> None:
    proposal = await waiting(house, cancel())
    house.says_yes(proposal)
    assert (await house.gate.submit(house.propose(proposal.case, cancel("now")))).status is Status.WAITING


async def test_the_newest_proposal_is_the_one_that_waits(house: House) -> None:
    first = await waiting(house)
    with house.store.look() as uow:
        assert uow.consents.awaited(first.case) == first.id
    second = house.propose(first.case, cancel())
    await house.gate.submit(second)
    with house.store.look() as uow:
        assert uow.consents.awaited(first.case) == second.id
    house.says_yes(second)
    await house.gate.submit(second)
    with house.store.look() as uow:
        assert uow.consents.awaited(first.case) is None


async def test_an_outage_does_not_take_the_question_back(house: House) -> None:
    proposal = await waiting(house)
    house.says_yes(proposal)
    house.stripe.facts_through = lambda _: None
    assert (await house.gate.submit(proposal)).status is Status.REFUSED
    house.stripe.facts_through = lambda facts: facts
    assert (await house.gate.submit(proposal)).status is Status.SUCCEEDED


def test_no_code_below_the_channels_writes_a_consent() -> None:
    """Model output reaches agent, tools, policy and knowledge: none of them may call what writes consents."""
    root = Path(__file__).parents[2]
    callers = []
    for folder in ("agent", "tools", "policy", "knowledge", "billing"):
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and node.attr in ("confirm", "approve"):
                    callers.append(f"{path.relative_to(root)}:{node.lineno}")
    assert callers == []
