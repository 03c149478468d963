"""What a subscription schedule has planned, as the tools read it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from billing.facts import SubscriptionFacts
from billing.ids import CustomerId
from tests.tools.schedules import phase, put_under
from tests.tools.shop import Shop
from tools.stripe_line import StripeLine
from tools.stripe_reads import CustomerReads


async def read(shop: Shop, customer: str, subscription: str) -> SubscriptionFacts:
    """The same facts, read alone and in the list."""
    reads = CustomerReads(StripeLine(shop.client), CustomerId(customer))
    alone = await reads.subscription(subscription)
    assert alone is not None
    assert alone == next(each for each in (await reads.subscriptions()).items if each.id == subscription)
    return alone


async def test_a_downgrade_to_come_is_read_with_its_price(shop: Shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.team)
    made = put_under(shop, subscription, phase(shop.starter, 2), phase(shop.made_for_x))
    facts = await read(shop, customer, subscription.id)
    change = facts.scheduled_change
    assert change is not None
    assert facts.schedule == change.schedule == made.id
    assert change.at == datetime.fromtimestamp(made.phases[1].start_date, UTC)
    assert (change.product_name, str(change.unit_amount), change.interval) == ("Starter", "$20.00", "month")
    assert (change.quantity, change.steps, change.ends) == (2, 2, False)


async def test_a_private_price_is_shown_to_the_customer_it_is_meant_for(shop: Shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.team)
    put_under(shop, subscription, phase(shop.made_for_x), end_behavior="cancel")
    change = (await read(shop, customer, subscription.id)).scheduled_change
    assert change is not None
    assert (change.product_name, str(change.unit_amount), change.ends) == ("Made for X", "$1.00", True)


@pytest.mark.parametrize("again", [True, False])
async def test_a_schedule_that_changes_nothing_more_has_no_change(shop: Shop, again: bool):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.team)
    made = put_under(shop, subscription, *([phase(shop.team)] if again else []))
    facts = await read(shop, customer, subscription.id)
    assert (facts.schedule, facts.scheduled_change) == (made.id, None)


async def test_a_released_schedule_is_read_no_more(shop: Shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.team)
    made = put_under(shop, subscription, phase(shop.starter))
    shop.v1.subscription_schedules.release(made.id)
    facts = await read(shop, customer, subscription.id)
    assert (facts.schedule, facts.scheduled_change) == (None, None)
