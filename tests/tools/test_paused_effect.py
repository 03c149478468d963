"""Starting a paused subscription again, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from billing.money import Money
from policy.actions import ResumeSubscription
from policy.effects import EffectRefused, EffectUnknown, Intent
from policy.facts import ResumeCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop, earlier, intent, principal
from tools.effects import StripeEffects

Now = Callable[[], datetime]
Advance = Callable[..., None]
Paused = Callable[..., tuple[str, str]]


@pytest.fixture
def paused(shop: Shop, advance: Advance) -> Paused:
    """A trial of Team that ended without a card: customer and subscription. The card comes afterwards."""

    def make(card: str | None = "pm_card_visa") -> tuple[str, str]:
        customer = shop.customer(None)
        ends: Any = {"end_behavior": {"missing_payment_method": "pause"}}
        subscription = shop.subscribe(customer, shop.team, trial_period_days=14, trial_settings=ends)
        advance(days=15)
        if card is not None:
            shop.use_card(customer, card)
        return customer, subscription.id

    return make


def wanted(customer: str, subscription: str, now: Now, amount: int = 6_000) -> Intent:
    return intent(ResumeSubscription(subscription=subscription), customer, now(), value=Money(-amount, "usd"))


async def facts(effects: StripeEffects, customer: str, subscription: str) -> ResumeCase:
    found = await effects.facts(ResumeSubscription(subscription=subscription), principal(customer))
    assert isinstance(found, ResumeCase)
    return found


async def test_facts_say_what_would_be_charged_and_to_which_card(
    effects: StripeEffects, shop: Shop, app: Sandbox, paused: Paused
) -> None:
    milo, subscription = paused()
    before = app.world.snapshot()
    found = await facts(effects, milo, subscription)
    assert found.payment_method is not None
    assert (found.due, found.payment_method.last4, found.open_invoice) == (Money(6_000, "usd"), "4242", None)
    assert app.world.snapshot() == before
    other = await facts(effects, shop.customer(), subscription)
    assert (other.subscription, other.due, other.payment_method) == (None, None, None)


async def test_without_a_card_none_is_shown(effects: StripeEffects, paused: Paused) -> None:
    found = await facts(effects, *paused(None))
    assert (found.due, found.payment_method) == (Money(6_000, "usd"), None)


async def test_it_runs_again_and_is_paid_once(effects: StripeEffects, shop: Shop, now: Now, paused: Paused) -> None:
    milo, subscription = paused()
    ours = wanted(milo, subscription, now)
    assert await effects.find(ours) is None
    receipt = await effects.perform(ours)
    assert (receipt.status, receipt.amount) == ("active", Money(6_000, "usd"))
    assert receipt.details == {"renews_on": "2026-12-17"}
    assert await effects.find(ours) == receipt
    assert await effects.perform(ours) == receipt
    assert [invoice.amount_paid for invoice in shop.invoices(milo)] == [6_000, 0]


async def test_a_declined_card_leaves_it_paused_with_an_invoice_that_can_be_paid(
    effects: StripeEffects, shop: Shop, now: Now, paused: Paused
) -> None:
    milo, subscription = paused("pm_card_chargeCustomerFail")
    ours = wanted(milo, subscription, now)
    for _ in range(2):
        with pytest.raises(EffectRefused) as refused:
            await effects.perform(ours)
        assert refused.value.code.startswith("card_declined")
    assert shop.v1.subscriptions.retrieve(subscription).status == "paused"
    assert await effects.find(ours) is None
    waiting = (await facts(effects, milo, subscription)).open_invoice
    assert waiting is not None
    shop.use_card(milo, "pm_card_visa")
    shop.v1.invoices.pay(waiting)
    assert shop.v1.subscriptions.retrieve(subscription).status == "active"


async def test_another_amount_than_was_said_yes_to_is_never_charged(
    effects: StripeEffects, shop: Shop, now: Now, paused: Paused
) -> None:
    milo, subscription = paused()
    with pytest.raises(EffectRefused) as refused:
        await effects.perform(wanted(milo, subscription, now, amount=2_000))
    assert refused.value.code == "amount_changed"
    assert shop.v1.charges.list({"customer": milo}).data == []
    assert shop.v1.subscriptions.retrieve(subscription).status == "paused"


@pytest.mark.parametrize("step", ["resume", "pay"])
@pytest.mark.parametrize("fault", ["lost_before", "lost_after"])
async def test_after_a_missing_answer_it_is_charged_once(
    effects: StripeEffects, shop: Shop, app: Sandbox, now: Now, paused: Paused, step: str, fault: str
) -> None:
    milo, subscription = paused()
    ours = wanted(milo, subscription, now)
    path = f"/v1/subscriptions/{subscription}/resume" if step == "resume" else "/v1/invoices/[^/]+/pay"
    app.faults.add(Fault(fault, "POST", path))
    with pytest.raises(EffectUnknown):
        await effects.perform(ours)
    done = (step, fault) == ("pay", "lost_after")
    assert (await effects.find(ours) is not None) is done
    again = await effects.perform(ours)
    assert (again.status, again.amount) == ("active", Money(6_000, "usd"))
    assert await effects.find(ours) == again
    assert [charge.amount for charge in shop.v1.charges.list({"customer": milo}).data] == [6_000]


async def test_what_a_colleague_started_before_is_not_ours(
    effects: StripeEffects, shop: Shop, now: Now, advance: Advance, paused: Paused
) -> None:
    milo, subscription = paused()
    shop.v1.subscriptions.resume(subscription)
    advance(days=1)
    late = wanted(milo, subscription, now)
    assert await effects.find(late) is None
    assert await effects.find(earlier(late, days=1)) is not None
