"""Changing plans against the sandbox: the amount shown is the amount charged, and a failed payment changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import stripe

from billing.money import Money
from policy.actions import ChangePlan
from policy.effects import EffectRefused, EffectUnknown
from policy.facts import PlanChangeCase
from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.tools.shop import Shop, intent, principal
from tools.desk import Desk
from tools.effects import StripeEffects
from tools.plan_change import changed_items
from tools.preview_plan_change import PreviewAnswer, PreviewPlanChange, preview_plan_change

Now = Callable[[], datetime]
Advance = Callable[..., None]
DeskOf = Callable[[str], Desk]


async def previewed(desk: Desk, plan: str, **given: Any) -> PreviewAnswer:
    arguments = PreviewPlanChange(plan=plan, **{"interval": None, "subscription": None, **given})
    return await preview_plan_change(arguments, desk)


def change_of(preview: PreviewAnswer) -> ChangePlan:
    assert preview.change is not None, preview.note
    return ChangePlan.model_validate(preview.change.model_dump())


def item_of(shop: Shop, subscription: str) -> stripe.SubscriptionItem:
    [item] = shop.v1.subscriptions.retrieve(subscription)["items"].data
    return item


async def facts_of(effects: StripeEffects, action: ChangePlan, customer: str) -> PlanChangeCase:
    facts = await effects.facts(action, principal(customer))
    assert isinstance(facts, PlanChangeCase)
    return facts


async def test_shown_decided_and_charged_are_one_amount(
    effects: StripeEffects, shop: Shop, desk_of: DeskOf, advance: Advance, now: Now
) -> None:
    tess = shop.customer()
    subscription = shop.subscribe(tess, shop.starter)
    advance(days=10)
    preview = await previewed(desk_of(tess), "Team")
    action = change_of(preview)
    advance(seconds=3_600)  # the customer thinks it over
    facts = await facts_of(effects, action, tess)

    assert preview.due_now is not None
    assert 2_000 < preview.due_now.amount < 4_000  # two thirds of 60.00 less two thirds of 20.00
    assert facts.amount_due == Money(action.amount_due, "usd")
    assert facts.price is not None
    assert (facts.price.product_name, facts.price.unit_amount) == ("Team", Money(6_000, "usd"))
    assert facts.subscription is not None
    assert facts.subscription.items[0].product_name == "Starter"

    wanted = intent(action, tess, now(), value=Money(-action.amount_due, "usd"))
    assert await effects.find(wanted) is None
    receipt = await effects.perform(wanted)
    newest = shop.invoices(tess)[0]
    assert (newest.status, newest.amount_paid) == ("paid", action.amount_due)
    assert (receipt.status, receipt.amount) == ("active", Money(action.amount_due, "usd"))
    assert receipt.details["plan"] == "Team"
    assert receipt.details["renews_on"] == preview.renews_on
    assert item_of(shop, subscription.id).price.id == shop.team.id
    assert await effects.find(wanted) == receipt
    assert await effects.perform(wanted) == receipt
    assert len(shop.invoices(tess)) == 2


async def test_a_downgrade_shows_its_credit(
    effects: StripeEffects, shop: Shop, desk_of: DeskOf, advance: Advance
) -> None:
    carl = shop.customer()
    shop.subscribe(carl, shop.team)
    advance(days=10)
    preview = await previewed(desk_of(carl), "starter")
    action = change_of(preview)
    assert -4_000 < action.amount_due < -2_000
    facts = await facts_of(effects, action, carl)
    assert facts.amount_due == Money(action.amount_due, "usd")


async def test_the_quantity_is_kept(effects: StripeEffects, shop: Shop, desk_of: DeskOf, now: Now) -> None:
    tess = shop.customer()
    subscription = shop.v1.subscriptions.create(
        {"customer": tess, "items": [{"price": shop.starter.id, "quantity": 3}]}
    )
    preview = await previewed(desk_of(tess), "team")
    assert preview.renewal is not None
    assert preview.renewal.amount == 18_000
    action = change_of(preview)
    await effects.perform(intent(action, tess, now(), value=Money(-action.amount_due, "usd")))
    item = item_of(shop, subscription.id)
    assert item.quantity == 3
    # Said each time: Stripe documents no default for an item whose price changes.
    assert changed_items(item, shop.business.id) == [{"id": item.id, "price": shop.business.id, "quantity": 3}]


async def test_a_change_within_a_trial_costs_nothing_now(
    effects: StripeEffects, shop: Shop, desk_of: DeskOf, now: Now
) -> None:
    finn = shop.customer()
    shop.subscribe(finn, shop.starter, trial_period_days=14)
    preview = await previewed(desk_of(finn), "team")
    action = change_of(preview)
    assert action.amount_due == 0
    facts = await facts_of(effects, action, finn)
    assert facts.amount_due == Money(0, "usd")
    await effects.perform(intent(action, finn, now(), value=Money(0, "usd")))
    assert shop.v1.charges.list({"customer": finn}).data == []


async def test_a_change_of_interval_is_billed_at_once(
    effects: StripeEffects, shop: Shop, desk_of: DeskOf, now: Now
) -> None:
    tess = shop.customer()
    shop.subscribe(tess, shop.team)
    preview = await previewed(desk_of(tess), "Team", interval="year")
    action = change_of(preview)
    assert preview.to_plan is not None
    assert preview.to_plan.price == shop.team_yearly.id
    assert action.amount_due == 54_000
    assert preview.renews_on == "2027-11-02"
    receipt = await effects.perform(intent(action, tess, now(), value=Money(-54_000, "usd")))
    assert receipt.details["renews_on"] == "2027-11-02"


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("pm_card_chargeCustomerFail", "card_declined:generic_decline"),
        ("pm_card_authenticationRequired", "authentication_required"),
    ],
)
async def test_a_failed_payment_leaves_the_old_plan(
    effects: StripeEffects, shop: Shop, desk_of: DeskOf, now: Now, card: str, code: str
) -> None:
    tess = shop.customer()
    subscription = shop.subscribe(tess, shop.starter)
    shop.use_card(tess, card)
    action = change_of(await previewed(desk_of(tess), "business"))
    wanted = intent(action, tess, now(), value=Money(-action.amount_due, "usd"))
    with pytest.raises(EffectRefused) as caught:
        await effects.perform(wanted)
    assert caught.value.code == code
    after = shop.v1.subscriptions.retrieve(subscription.id)
    assert (after.status, item_of(shop, subscription.id).price.id) == ("active", shop.starter.id)
    assert after.metadata.to_dict() == {}
    assert await effects.find(wanted) is None


@pytest.mark.parametrize(("fault", "made"), [("lost_before", False), ("error_after", True), ("lost_after", True)])
async def test_after_a_missing_answer_the_change_is_found_if_it_is_there(
    effects: StripeEffects, shop: Shop, desk_of: DeskOf, now: Now, app: Sandbox, fault: str, made: bool
) -> None:
    tess = shop.customer()
    shop.subscribe(tess, shop.starter)
    action = change_of(await previewed(desk_of(tess), "team"))
    wanted = intent(action, tess, now(), value=Money(-action.amount_due, "usd"))
    app.faults.add(Fault(fault, "POST", "/v1/subscriptions/"))
    with pytest.raises(EffectUnknown):
        await effects.perform(wanted)
    assert (await effects.find(wanted) is not None) is made
    if fault != "error_after":
        await effects.perform(wanted)
    assert len(shop.invoices(tess)) == 2


async def test_the_same_plan_by_another_hand_is_not_ours(
    effects: StripeEffects, shop: Shop, desk_of: DeskOf, now: Now
) -> None:
    tess = shop.customer()
    subscription = shop.subscribe(tess, shop.starter)
    action = change_of(await previewed(desk_of(tess), "team"))
    item = item_of(shop, subscription.id)
    shop.v1.subscriptions.update(subscription.id, {"items": [{"id": item.id, "price": shop.team.id}]})
    assert await effects.find(intent(action, tess, now(), value=Money(-4_000, "usd"))) is None


async def test_anothers_subscription_and_a_private_price_are_absent(
    effects: StripeEffects, shop: Shop, now: Now
) -> None:
    tess, mona = shop.customer(), shop.customer()
    subscription = shop.subscribe(tess, shop.starter)
    date = int(now().timestamp())
    foreign = ChangePlan(subscription=subscription.id, price=shop.team.id, proration_date=date, amount_due=0)
    facts = await facts_of(effects, foreign, mona)
    assert (facts.subscription, facts.amount_due) == (None, None)
    private = ChangePlan(subscription=subscription.id, price=shop.made_for_x.id, proration_date=date, amount_due=0)
    facts = await facts_of(effects, private, tess)
    assert (facts.price, facts.amount_due) == (None, None)


async def test_a_proration_date_outside_the_period_has_no_amount(effects: StripeEffects, shop: Shop) -> None:
    tess = shop.customer()
    subscription = shop.subscribe(tess, shop.starter)
    long_ago = ChangePlan(subscription=subscription.id, price=shop.team.id, proration_date=1_000_000, amount_due=0)
    facts = await facts_of(effects, long_ago, tess)
    assert facts.subscription is not None
    assert facts.amount_due is None


@pytest.mark.parametrize("plan", ["Enterprise", "Made for X", "price_doesnotexist", "", "../starter"])
async def test_a_plan_nobody_sells_is_answered_with_those_there_are(shop: Shop, desk_of: DeskOf, plan: str) -> None:
    tess = shop.customer()
    shop.subscribe(tess, shop.starter)
    answer = await previewed(desk_of(tess), plan or " ")
    assert answer.change is None
    assert answer.note == "no such plan"
    assert {each.lookup_key for each in answer.plans} == {"starter", "team", "business", "team_yearly"}


@pytest.mark.parametrize("said", ["Team", "team", "the Team plan", "TEAM plan", "team_price_id"])
async def test_a_plan_is_understood_however_it_is_named(shop: Shop, desk_of: DeskOf, said: str) -> None:
    tess = shop.customer()
    shop.subscribe(tess, shop.starter)
    answer = await previewed(desk_of(tess), shop.team.id if said == "team_price_id" else said)
    assert answer.to_plan is not None
    assert answer.to_plan.price == shop.team.id


async def test_what_cannot_be_previewed_says_why(shop: Shop, desk_of: DeskOf) -> None:
    tess, mona = shop.customer(), shop.customer()
    assert (await previewed(desk_of(mona), "team")).note == "there is no active subscription on this account"
    first = shop.subscribe(tess, shop.starter)
    assert (await previewed(desk_of(tess), "starter")).note == "the subscription is on this plan already"
    assert (await previewed(desk_of(mona), "team", subscription=first.id)).note == "not found on this account"
    shop.subscribe(tess, shop.team)
    assert ((await previewed(desk_of(tess), "business")).note or "").startswith("there are several subscriptions")
    assert (await previewed(desk_of(tess), "business", subscription=first.id)).change is not None
