"""A human's yes: once, to what was shown, within the human's own limits, and never over a denial."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policy.proposals import Proposal
from policy.settlement import Settlement, Status
from store.errors import Conflict
from tests.policy.house import ME, House, charge, refund, retry, usd
from tests.policy.stripe_twin import noon


async def over_cap(house: House, amount: int = 20_000, id_: str = "ch_big") -> Proposal:
    house.stripe.charges[id_] = charge(id_, amount)
    proposal = house.propose(house.case(), refund(id_))
    answer = await house.gate.submit(proposal)
    assert (answer.status, answer.decision.rule) == (Status.WAITING, "refund.cap")
    return proposal


async def approved(house: House, proposal: Proposal, human: str = "hanna") -> Settlement:
    house.approves(proposal, human)
    return await house.gate.submit(proposal)


async def test_it_is_carried_out_once_and_counts_in_the_customers_budget(house: House) -> None:
    proposal = await over_cap(house)
    first = await approved(house, proposal)
    again = await house.gate.submit(proposal)
    assert first.status is again.status is Status.SUCCEEDED
    assert first.decision.rule == "approval.given"
    assert house.stripe.refunded("ch_big") == 20_000
    assert house.held(f"value_out:{ME}:usd") == 20_000
    assert house.held("approved:hanna:usd:2026-11-20") == 20_000
    with pytest.raises(Conflict):
        house.approves(proposal)
    small = await house.ask(refund())
    assert (small.status, small.decision.rule) == (Status.WAITING, "value_out.customer_month")
    house.must_balance()


async def test_it_serves_no_other_proposal(house: House) -> None:
    proposal = await over_cap(house)
    house.approves(proposal)
    twin = house.propose(proposal.case, refund("ch_big"))
    assert (await house.gate.submit(twin)).status is Status.WAITING
    assert house.stripe.calls == []


async def test_a_changed_sentence_asks_again_and_may_be_approved_again(house: House) -> None:
    proposal = await over_cap(house)
    house.approves(proposal)
    house.stripe.charges["ch_big"] = charge("ch_big", 20_000, amount_refunded=usd(1000))
    changed = await house.gate.submit(proposal)
    assert changed.status is Status.WAITING
    assert house.stripe.calls == []
    assert (await approved(house, proposal)).status is Status.SUCCEEDED
    assert house.stripe.refunded("ch_big") == 19_000


async def test_it_expires_and_may_be_given_anew(house: House) -> None:
    proposal = await over_cap(house)
    house.approves(proposal)
    house.clock.pass_(hours=73)
    assert (await house.gate.submit(proposal)).status is Status.WAITING
    assert (await approved(house, proposal)).status is Status.SUCCEEDED


async def test_an_outage_after_it_is_no_dead_end(house: House) -> None:
    proposal = await over_cap(house)
    house.approves(proposal)
    house.stripe.facts_through = lambda _: None
    assert (await house.gate.submit(proposal)).decision.rule == "facts.malformed"
    house.stripe.facts_through = lambda facts: facts
    assert (await approved(house, proposal)).status is Status.SUCCEEDED
    assert len(house.stripe.made) == 1


async def test_it_overrules_no_denial(house: House) -> None:
    proposal = await over_cap(house)
    house.approves(proposal)
    house.stripe.charges["ch_big"] = charge("ch_big", 20_000, disputed=True)
    answer = await house.gate.submit(proposal)
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "refund.disputed")
    assert house.stripe.calls == []


async def test_a_denial_takes_it_out_of_the_queue(house: House) -> None:
    proposal = await over_cap(house)

    def stands() -> tuple[str, str]:
        with house.store.look() as uow:
            row = uow.proposals.get(proposal.id)
            return row.verdict, row.rule

    assert stands() == ("needs_approval", "refund.cap")
    house.stripe.charges["ch_big"] = charge("ch_big", 20_000, disputed=True)
    assert (await house.gate.submit(proposal)).decision.rule == "refund.disputed"
    assert stands() == ("deny", "refund.disputed")


async def test_more_than_one_approval_carries_is_refused(house: House) -> None:
    proposal = await over_cap(house, 500_001)
    answer = await approved(house, proposal)
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "approval.limit")


async def test_a_humans_day_has_a_limit_and_another_humans_day_its_own(house: House) -> None:
    for n in range(2):
        assert (await approved(house, await over_cap(house, 500_000, f"ch_big{n}"))).status is Status.SUCCEEDED
    third = await over_cap(house, 10_001, "ch_big3")
    answer = await approved(house, third)
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "approval.day")
    house.must_balance()
    fourth = await over_cap(house, 10_001, "ch_big4")
    assert (await approved(house, fourth, "otto")).status is Status.SUCCEEDED
    house.clock.pass_(days=1)
    fifth = await over_cap(house, 10_001, "ch_big5")
    assert (await approved(house, fifth)).status is Status.SUCCEEDED
    house.must_balance()


async def test_a_count_over_its_cap_may_be_approved(house: House) -> None:
    for n in range(3):
        house.stripe.charges[f"ch_small{n}"] = charge(f"ch_small{n}", 100)
    assert [(await house.ask(refund(f"ch_small{n}"))).status for n in range(2)] == [Status.SUCCEEDED] * 2
    third = house.propose(house.case(), refund("ch_small2"))
    answer = await house.gate.submit(third)
    assert (answer.status, answer.decision.rule) == (Status.WAITING, "refund.count")
    assert (await approved(house, third)).status is Status.SUCCEEDED
    house.must_balance()


async def test_a_failed_refund_gives_the_humans_budget_back_but_not_the_approval(house: House) -> None:
    proposal = await over_cap(house)
    house.approves(proposal)
    house.stripe.before_commit = lambda intent: house.stripe.charges.update(ch_big=charge("ch_big", disputed=True))
    answer = await house.gate.submit(proposal)
    assert (answer.status, answer.failure) == (Status.FAILED, "charge_disputed")
    assert house.held("approved:") == house.held("value_out:") == house.held("refunds:") == 0
    with pytest.raises(Conflict):
        house.approves(proposal)
    house.must_balance()


async def test_a_large_charge_needs_both_yeses(house: House) -> None:
    house.stripe.invoices["in_one"] = replace(house.stripe.invoices["in_one"], amount_remaining=usd(60_000))
    proposal = house.propose(house.case(), retry())
    first = await house.gate.submit(proposal)
    assert first.decision.rule == "retry.confirmation"
    with pytest.raises(Conflict):
        house.approves(proposal)
    house.says_yes(proposal)
    assert (await house.gate.submit(proposal)).decision.rule == "retry.cap"
    assert (await approved(house, proposal)).status is Status.SUCCEEDED
    assert house.held("approved:hanna") == 60_000
    house.must_balance()


async def test_a_human_who_owns_the_case_carries_it_out(house: House) -> None:
    proposal = await over_cap(house)
    with house.store.unit() as uow:
        epoch = uow.cases.take_over(proposal.case, "hanna").epoch
        uow.consents.approve(proposal.id, "hanna", noon(21) - noon(20))
    stale = await house.gate.submit(proposal)
    assert (stale.status, stale.decision.rule) == (Status.REFUSED, "case.stale")
    now = replace(proposal, owner="human", epoch=epoch, actor="human:hanna")
    assert (await house.gate.submit(now)).status is Status.SUCCEEDED
    house.must_balance()
