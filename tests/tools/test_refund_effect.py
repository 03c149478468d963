"""Refunds against the sandbox: facts, one effect, and finding it again after every kind of missing answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from billing.money import Money
from policy.actions import Refund
from policy.effects import EffectRefused, EffectUnknown, FactsUnavailable
from policy.facts import RefundCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop, Sleeps, intent, principal
from tools.effects import StripeEffects

Now = Callable[[], datetime]
TWENTY = Money(2_000, "usd")


def refund(charge: str, amount: int | None = None, duplicate_of: str | None = None) -> Refund:
    grounds = "duplicate" if duplicate_of else "requested_by_customer"
    return Refund(charge=charge, amount=amount, grounds=grounds, duplicate_of=duplicate_of)


async def facts_of(effects: StripeEffects, action: Refund, customer: str) -> RefundCase:
    facts = await effects.facts(action, principal(customer))
    assert isinstance(facts, RefundCase)
    return facts


async def test_facts_hold_the_charge_its_twin_and_the_rest(
    effects: StripeEffects, shop: Shop, advance: Callable[..., None]
) -> None:
    nina = shop.customer()
    shop.charge(nina, 999)
    advance(days=121)
    other = shop.charge(nina, 700)
    first = shop.charge(nina, 4_900, metadata={"order_id": "A-1"}, description="Add-on")
    advance(seconds=40)
    second = shop.charge(nina, 4_900, metadata={"order_id": "A-1"}, description="Add-on")
    shop.v1.refunds.create({"charge": second, "amount": 100})

    facts = await facts_of(effects, refund(second, duplicate_of=first), nina)

    assert facts.charge is not None
    assert (facts.charge.id, facts.charge.order, facts.charge.description) == (second, "A-1", "Add-on")
    assert facts.charge.refundable == Money(4_800, "usd")
    assert facts.charge.last4 == "4242"
    assert facts.duplicate_of is not None
    assert facts.duplicate_of.id == first
    assert [each.id for each in facts.recent] == [first, other]
    assert [each.amount for each in facts.refunds] == [Money(100, "usd")]
    assert facts.customer.id == nina


async def test_facts_join_a_charge_to_its_invoice(effects: StripeEffects, shop: Shop) -> None:
    maya = shop.customer()
    shop.subscribe(maya, shop.starter)
    [invoice] = shop.invoices(maya)
    [charge] = shop.v1.charges.list({"customer": maya}).data
    other = shop.charge(maya, 500)
    facts = await facts_of(effects, refund(charge.id), maya)
    assert facts.charge is not None
    assert facts.charge.invoice == invoice.id
    facts = await facts_of(effects, refund(other), maya)
    assert {each.id: each.invoice for each in facts.recent} == {charge.id: invoice.id}


async def test_anothers_charge_and_no_charge_are_the_same_none(effects: StripeEffects, shop: Shop) -> None:
    mona, maya = shop.customer(), shop.customer()
    mayas, own = shop.charge(maya), shop.charge(mona)
    for charge in (mayas, "ch_doesnotexist"):
        facts = await facts_of(effects, refund(charge), mona)
        assert facts.charge is None
        assert facts.refunds == ()
    facts = await facts_of(effects, refund(own, duplicate_of=mayas), mona)
    assert facts.duplicate_of is None


async def test_a_dispute_on_any_charge_is_seen(effects: StripeEffects, shop: Shop) -> None:
    dora = shop.customer()
    good = shop.charge(dora)
    shop.use_card(dora, "pm_card_createDispute")
    disputed = shop.charge(dora, 6_000)
    facts = await facts_of(effects, refund(good), dora)
    assert [(each.charge, each.status) for each in facts.disputes] == [(disputed, "needs_response")]


async def test_an_unknown_customer_has_no_facts(effects: StripeEffects, shop: Shop) -> None:
    with pytest.raises(FactsUnavailable, match="no customer"):
        await effects.facts(refund("ch_doesnotexist"), principal("cus_nobody"))


async def test_the_decided_amount_is_refunded_once_under_one_key(effects: StripeEffects, shop: Shop, now: Now) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    wanted = intent(refund(charge), maya, now(), value=TWENTY)
    first = await effects.perform(wanted)
    again = await effects.perform(wanted)
    assert first == again
    assert (first.status, first.amount, first.details["card"]) == ("succeeded", TWENTY, "4242")
    [made] = shop.v1.refunds.list({"charge": charge}).data
    assert made.id == first.stripe_id
    assert made.metadata is not None
    assert made.metadata.to_dict() == {
        "lee_intent": "int_1",
        "lee_operation": "refund:op:1",
        "lee_case": "case_1",
    }
    assert await effects.find(wanted) == first


@pytest.mark.parametrize(
    ("asked", "value"),
    [(None, None), (500, Money(600, "usd")), (None, Money(0, "usd")), (None, Money(-2_000, "usd"))],
)
async def test_an_amount_that_was_not_decided_is_never_sent(
    effects: StripeEffects, shop: Shop, now: Now, asked: int | None, value: Money | None
) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    with pytest.raises(EffectRefused, match="not the one that was decided"):
        await effects.perform(intent(refund(charge, asked), maya, now(), value=value))
    assert shop.v1.refunds.list({"charge": charge}).data == []


async def test_more_than_is_left_is_refused_with_stripes_code(effects: StripeEffects, shop: Shop, now: Now) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    await effects.perform(intent(refund(charge), maya, now(), value=TWENTY))
    with pytest.raises(EffectRefused) as caught:
        await effects.perform(intent(refund(charge), maya, now(), value=TWENTY, n=2))
    assert caught.value.code == "charge_already_refunded"


async def test_a_pending_refund_counts_as_made(effects: StripeEffects, shop: Shop, now: Now) -> None:
    maya = shop.customer("pm_card_pendingRefund")
    wanted = intent(refund(shop.charge(maya)), maya, now(), value=TWENTY)
    assert (await effects.perform(wanted)).status == "pending"
    found = await effects.find(wanted)
    assert found is not None
    assert found.status == "pending"


async def test_a_refund_that_failed_later_is_no_effect(
    effects: StripeEffects, shop: Shop, now: Now, advance: Callable[..., None]
) -> None:
    maya = shop.customer("pm_card_refundFail")
    wanted = intent(refund(shop.charge(maya)), maya, now(), value=TWENTY)
    await effects.perform(wanted)
    advance(days=0.5)
    assert await effects.find(wanted) is None
    with pytest.raises(EffectRefused) as caught:  # the key replays "succeeded": it must not be believed
        await effects.perform(wanted)
    assert caught.value.code.startswith("refund_failed:")


async def test_rate_limits_are_waited_out_with_the_same_key(
    effects: StripeEffects, shop: Shop, now: Now, app: Sandbox, sleeps: Sleeps
) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    app.faults.add(Fault("rate_limit", "POST", "/v1/refunds", count=2))
    receipt = await effects.perform(intent(refund(charge), maya, now(), value=TWENTY))
    assert receipt.status == "succeeded"
    assert len(sleeps.waited) == 2
    assert len(shop.v1.refunds.list({"charge": charge}).data) == 1


async def test_endless_rate_limits_end_as_not_executed(
    effects: StripeEffects, shop: Shop, now: Now, app: Sandbox
) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    app.faults.add(Fault("rate_limit", "POST", "/v1/refunds", count=99))
    with pytest.raises(EffectRefused) as caught:
        await effects.perform(intent(refund(charge), maya, now(), value=TWENTY))
    assert caught.value.code == "rate_limited"
    assert shop.v1.refunds.list({"charge": charge}).data == []


@pytest.mark.parametrize(
    ("fault", "code", "made"),
    [
        ("error_before", "server_error", False),
        ("unavailable", "server_error", False),
        ("key_in_use", "conflict", False),
        ("lost_before", "connection_lost", False),
        ("timeout_before", "connection_lost", False),
        ("error_after", "server_error", True),
        ("lost_after", "connection_lost", True),
        ("timeout_after", "connection_lost", True),
    ],
)
async def test_a_missing_answer_is_unknown_and_the_effect_is_found_if_it_is_there(
    effects: StripeEffects, shop: Shop, now: Now, app: Sandbox, fault: str, code: str, made: bool
) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    wanted = intent(refund(charge), maya, now(), value=TWENTY)
    app.faults.add(Fault(fault, "POST", "/v1/refunds"))
    with pytest.raises(EffectUnknown) as caught:
        await effects.perform(wanted)
    assert caught.value.code == code
    found = await effects.find(wanted)
    assert (found is not None) is made
    if fault == "error_after":  # Stripe keeps the 500 under the key
        with pytest.raises(EffectUnknown, match="unknown error") as caught:
            await effects.perform(wanted)
        assert caught.value.code == "server_error_replayed"
    else:
        assert (await effects.perform(wanted)).status == "succeeded"
    assert len(shop.v1.refunds.list({"charge": charge}).data) == 1


async def test_a_key_used_for_something_else_proves_nothing(effects: StripeEffects, shop: Shop, now: Now) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    shop.v1.refunds.create({"charge": charge, "amount": 1}, {"idempotency_key": "lee-int-1"})
    with pytest.raises(EffectUnknown) as caught:
        await effects.perform(intent(refund(charge), maya, now(), value=TWENTY))
    assert caught.value.code == "idempotency_mismatch"


async def test_a_refund_by_a_human_is_not_taken_for_ours(effects: StripeEffects, shop: Shop, now: Now) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    shop.v1.refunds.create({"charge": charge, "amount": 2_000})
    assert await effects.find(intent(refund(charge), maya, now(), value=TWENTY)) is None


async def test_a_refund_of_another_intent_is_not_taken_for_ours(effects: StripeEffects, shop: Shop, now: Now) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    ten = Money(1_000, "usd")
    first = await effects.perform(intent(refund(charge, 1_000), maya, now(), value=ten))
    later = intent(refund(charge, 1_000), maya, now(), value=ten, n=2)
    assert await effects.find(later) is None
    second = await effects.perform(later)
    assert second.stripe_id != first.stripe_id
    assert await effects.find(later) == second


async def test_find_without_an_answer_is_unknown(effects: StripeEffects, shop: Shop, now: Now, app: Sandbox) -> None:
    maya = shop.customer()
    wanted = intent(refund(shop.charge(maya)), maya, now(), value=TWENTY)
    app.faults.add(Fault("unavailable", "GET", "/v1/refunds", count=9))
    with pytest.raises(EffectUnknown):
        await effects.find(wanted)


async def test_facts_without_an_answer_are_unavailable(effects: StripeEffects, shop: Shop, app: Sandbox) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    app.faults.add(Fault("lost_before", "GET", "/v1/charges", count=9))
    with pytest.raises(FactsUnavailable, match="cannot be reached"):
        await effects.facts(refund(charge), principal(maya))


async def test_a_short_outage_is_read_through(effects: StripeEffects, shop: Shop, app: Sandbox, sleeps: Sleeps) -> None:
    maya = shop.customer()
    charge = shop.charge(maya)
    app.faults.add(Fault("rate_limit", "GET", f"/v1/charges/{charge}", count=2))
    facts = await facts_of(effects, refund(charge), maya)
    assert facts.charge is not None
    assert sleeps.waited == [0.2, 0.8]
