"""The gate's plain way: facts, decision, reservation, effect, settlement; and the same proposal again."""

from __future__ import annotations

import asyncio

import pytest

from policy.actions import Action
from policy.settlement import Status
from tests.policy.house import ME, House, cancel, change, link, refund, retry


async def test_a_refund_within_limits_is_made_once_and_written_down(house: House) -> None:
    case = house.case()
    made = await house.ask(refund(), case)

    assert made.status is Status.SUCCEEDED
    assert made.decision.rule == "refund.within_limits"
    assert made.receipt is not None
    assert made.receipt.stripe_id == "re_1"
    assert house.stripe.refunded("ch_one") == 2000
    assert house.held(f"value_out:{ME}:usd:2026-11") == 2000
    assert house.held("value_out:all:usd:2026-11-20") == 2000
    assert house.held(f"refunds:{ME}:2026-11") == 1
    assert [kind for kind, _ in house.log(case)] == ["proposal.decided", "effect.sending", "effect.settled"]
    house.must_balance()


async def test_what_goes_to_stripe_is_the_ledgers_own_key_and_metadata(house: House) -> None:
    await house.ask(refund())
    [row] = house.intents()
    assert house.stripe.calls == [(row.id, row.idempotency_key)]
    (decided,) = house.rows("select leaf from audit_entries where kind = 'proposal.decided'")
    assert row.idempotency_key == f"lee-{row.id}-{decided.leaf.hex()}"
    assert row.operation_key.startswith("refund:ch_one:case_")
    assert row.policy_hash == house.limits.hash


@pytest.mark.parametrize("action", [refund(), link()])
async def test_the_same_proposal_again_gets_the_same_outcome(house: House, action: Action) -> None:
    proposal = house.propose(house.case(), action)
    first = await house.gate.submit(proposal)
    again = await house.gate.submit(proposal)
    elsewhere = await house.another_gate().submit(proposal)
    assert first.status is again.status is elsewhere.status is Status.SUCCEEDED
    assert first.receipt == again.receipt == elsewhere.receipt
    assert first.decision.rule == again.decision.rule
    assert len(house.stripe.made) + house.stripe.links == 1
    house.must_balance()


@pytest.mark.parametrize("action", [retry(), change(), cancel(), cancel("now")])
async def test_the_same_confirmed_proposal_again_gets_the_same_outcome(house: House, action: Action) -> None:
    proposal = house.propose(house.case(), action)
    first = await house.consented(proposal)
    again = await house.gate.submit(proposal)
    assert first.status is again.status is Status.SUCCEEDED
    assert first.receipt == again.receipt
    assert len(house.stripe.made) == 1
    house.must_balance()


async def test_a_failed_proposal_again_tells_the_same_failure(house: House) -> None:
    house.stripe.declines["pm_one"] = "insufficient_funds"
    proposal = house.propose(house.case(), retry())
    first = await house.consented(proposal)
    again = await house.gate.submit(proposal)
    assert first.status is again.status is Status.FAILED
    assert first.failure == again.failure == "card_declined:insufficient_funds"
    assert len(house.stripe.calls) == 1


async def test_one_proposal_submitted_many_times_at_once_is_one_effect_and_keeps_its_decision(house: House) -> None:
    proposal = house.propose(house.case(), refund())
    answers = await asyncio.gather(*(house.gate.submit(proposal) for _ in range(16)))
    assert {each.status for each in answers} <= {Status.SUCCEEDED, Status.PENDING}
    assert len(house.stripe.made) == 1
    with house.store.look() as uow:
        assert uow.proposals.get(proposal.id).verdict == "allow"
    assert (await house.gate.submit(proposal)).status is Status.SUCCEEDED
    house.must_balance()


async def test_the_link_itself_is_never_written_down(house: House) -> None:
    made = await house.ask(link())
    assert made.receipt is not None
    assert made.receipt.secret == "https://portal.example/1"
    assert "portal.example" not in str([tuple(row) for row in house.intents()])
    assert not [entry for _, entry in house.log(made.proposal.case) if "portal.example" in str(entry)]


async def test_an_id_that_stands_for_another_action_is_turned_away(house: House) -> None:
    case = house.case()
    first = await house.ask(refund(amount=500), case, id_="prop_same")
    other = await house.ask(refund(amount=600), case, id_="prop_same")
    third = await house.ask(refund(amount=500), house.case(), id_="prop_same")
    assert first.status is Status.SUCCEEDED
    assert [each.decision.rule for each in (other, third)] == ["proposal.changed", "proposal.changed"]
    assert house.stripe.refunded("ch_one") == 500
    house.must_balance()


async def test_another_customers_case_is_turned_away(house: House) -> None:
    case = house.case("cus_other")
    answer = await house.ask(refund(), case, customer=ME)
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "case.customer")
    assert house.stripe.calls == []
    unknown = await house.ask(refund(), "case_nowhere", customer=ME)
    assert (unknown.status, unknown.decision.rule) == (Status.REFUSED, "case.unknown")
    kinds = house.rows("select kind from audit_entries")
    assert [row.kind for row in kinds] == ["proposal.turned_away"] * 2
