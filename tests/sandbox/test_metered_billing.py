"""Bills by use: in arrears, tier by tier. The first period is 2 November to 2 December 2026, 9:00."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, amounts, invoices, price, unix
from tests.sandbox.metering import meter, metered_price, use

TO_RENEWAL = 30 * DAY
START, END = unix(2026, 11, 2, 9), unix(2026, 12, 2, 9)
Advance = Callable[[int], int]


@pytest.fixture
def meter_id(client: stripe.StripeClient) -> str:
    return meter(client).id


@pytest.fixture
def team(client: stripe.StripeClient, customer: stripe.Customer, meter_id: str) -> stripe.Subscription:
    """$60 a month and requests by use: 50,000 free, 100,000 at 0.2 cent, then 0.1 cent."""
    plan, requests = price(client, 6000, name="Team"), metered_price(client, meter_id)
    return client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": plan.id}, {"price": requests.id}]}
    )


def latest(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Invoice:
    return invoices(client, customer=customer.id)[0]


def told(invoice: stripe.Invoice) -> list[tuple[str | None, int | None, int]]:
    return [(line.description, line.quantity, line.amount) for line in invoice.lines.data]


def only(client: stripe.StripeClient, customer: stripe.Customer, requests: stripe.Price) -> stripe.Subscription:
    return client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": requests.id}]})


def test_nothing_is_billed_for_use_at_the_start(client: stripe.StripeClient, team: stripe.Subscription) -> None:
    """docs.stripe.com/billing/subscriptions/billing-mode/compare#usage-based-pricing: no zero-amount lines"""
    first = client.v1.invoices.retrieve(str(team.latest_invoice))
    assert told(first) == [("1 × Team (at $60.00 / month)", 1, 6000)]
    plan, requests = team["items"].data
    assert plan.quantity == 1
    assert getattr(requests, "quantity", None) is None
    assert (requests.plan.usage_type, requests.plan.meter) == ("metered", requests.price.recurring.meter)


def test_a_renewal_bills_the_next_month_in_advance_and_the_last_ones_use_by_tiers(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Subscription, advance: Advance
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/pricing-models: graduated pricing"""
    advance(10 * DAY)
    use(client, customer.id, 180_003)
    advance(20 * DAY + HOUR)
    invoice = latest(client, customer)
    assert told(invoice) == [
        ("1 × Team (at $60.00 / month)", 1, 6000),
        ("50000 × API requests (Tier 1 at $0.00 / month)", 50_000, 0),
        ("100000 × API requests (Tier 2 at $0.002 / month)", 100_000, 20_000),
        ("30003 × API requests (Tier 3 at $0.001 / month)", 30_003, 3000),
    ]
    assert (invoice.status, invoice.total, invoice.amount_paid) == ("paid", 29_000, 29_000)
    plan, *usage = invoice.lines.data
    assert (plan.period.start, plan.period.end) == (END, unix(2027, 1, 2, 9))
    assert {(line.period.start, line.period.end) for line in usage} == {(START, END)}
    assert [line.pricing and line.pricing.unit_amount_decimal for line in usage] == [
        Decimal(0),
        Decimal("0.2"),
        Decimal("0.1"),
    ]
    assert usage[0].parent is not None
    assert usage[0].parent.subscription_item_details is not None
    assert usage[0].parent.subscription_item_details.subscription_item == team["items"].data[1].id


def test_each_period_counts_its_own_events(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Subscription, advance: Advance
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based: aggregation over the billing period"""
    use(client, customer.id, 900_000, timestamp=START - 1)
    use(client, customer.id, 60_000, timestamp=START)
    advance(TO_RENEWAL)
    use(client, customer.id, 70_000, timestamp=END)
    advance(HOUR)
    assert amounts(latest(client, customer)) == [6000, 0, 2000]
    advance(31 * DAY)
    assert amounts(latest(client, customer)) == [6000, 0, 4000]


def test_what_is_reported_within_the_hour_of_grace_is_still_billed(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Subscription, advance: Advance
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/recording-usage: one hour of grace"""
    advance(TO_RENEWAL)
    assert amounts(latest(client, customer)) == [6000, 0]
    use(client, customer.id, 100_000, timestamp=END - 60)
    advance(HOUR)
    assert (latest(client, customer).status, amounts(latest(client, customer))) == ("paid", [6000, 0, 10_000])
    use(client, customer.id, 100_000, timestamp=END - 60)
    advance(31 * DAY)
    assert amounts(latest(client, customer)) == [6000, 0]


def test_a_preview_shows_the_use_so_far_and_changes_nothing(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Subscription, app: Any
) -> None:
    """docs.stripe.com/api/invoices/create_preview: metered usage so far"""
    use(client, customer.id, 50_001)
    before = app.world.snapshot()
    preview = client.v1.invoices.create_preview({"subscription": team.id})
    assert amounts(preview) == [6000, 0, 0]
    use(client, customer.id, 499)
    assert amounts(client.v1.invoices.create_preview({"customer": customer.id})) == [6000, 0, 100]
    after = app.world.snapshot()
    del before["billing.meter_event"], after["billing.meter_event"]
    assert after == before


def test_a_committed_minimum_is_due_without_any_use(
    client: stripe.StripeClient, customer: stripe.Customer, meter_id: str, advance: Advance
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/pricing-models: a flat amount for the first tier"""
    tiers = [{"up_to": 100_000, "flat_amount": 50_000}, {"up_to": "inf", "unit_amount_decimal": "0.15"}]
    requests = metered_price(client, meter_id, billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)
    subscription = only(client, customer, requests)
    assert (subscription.status, subscription.latest_invoice) == ("active", None)
    advance(TO_RENEWAL + HOUR)
    assert told(latest(client, customer)) == [
        ("0 × API requests (Tier 1 at $0.00 / month)", 0, 0),
        ("API requests (Tier 1 at $500.00 / month)", 0, 50_000),
    ]
    use(client, customer.id, 100_001)
    advance(31 * DAY)
    assert amounts(latest(client, customer)) == [0, 50_000, 0]
    use(client, customer.id, 130_000)
    advance(31 * DAY)
    assert amounts(latest(client, customer)) == [0, 50_000, 4500]


@pytest.mark.parametrize(("units", "lines"), [(0, [0]), (10, [50]), (11, [33, 700])])
def test_volume_prices_bill_all_units_at_one_tier(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    meter_id: str,
    advance: Advance,
    units: int,
    lines: list[int],
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/pricing-models: volume pricing"""
    tiers = [{"up_to": 10, "unit_amount": 5}, {"up_to": "inf", "unit_amount": 3, "flat_amount": 700}]
    only(client, customer, metered_price(client, meter_id, billing_scheme="tiered", tiers_mode="volume", tiers=tiers))
    if units:
        use(client, customer.id, units)
    advance(TO_RENEWAL)
    assert amounts(latest(client, customer)) == lines


@pytest.mark.parametrize(("way", "amount"), [("up", 3000), ("down", 2000)])
def test_units_in_packages(
    client: stripe.StripeClient, customer: stripe.Customer, meter_id: str, advance: Advance, way: str, amount: int
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/manage-billing-setup#transform-quantities"""
    packed = {"divide_by": 60, "round": way}
    only(client, customer, metered_price(client, meter_id, unit_amount=1000, transform_quantity=packed))
    use(client, customer.id, 150)
    advance(TO_RENEWAL)
    assert told(latest(client, customer)) == [("150 × API requests (at $10.00 / month)", 150, amount)]


def test_tiers_and_packages_do_not_go_together(client: stripe.StripeClient, meter_id: str) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/manage-billing-setup#transform-quantities"""
    tiers = [{"up_to": "inf", "unit_amount": 1}]
    packed = {"divide_by": 60, "round": "up"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        metered_price(
            client, meter_id, billing_scheme="tiered", tiers_mode="volume", tiers=tiers, transform_quantity=packed
        )
    assert refused.value.param == "transform_quantity"


def test_a_quantity_for_a_metered_price_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Subscription
) -> None:
    """docs.stripe.com/api/subscriptions/create#create_subscription-items-quantity"""
    requests = team["items"].data[1]
    for call in (
        lambda: client.v1.subscriptions.create(
            {"customer": customer.id, "items": [{"price": requests.price.id, "quantity": 2}]}
        ),
        lambda: client.v1.subscriptions.update(team.id, {"items": [{"id": requests.id, "quantity": 2}]}),
    ):
        with pytest.raises(stripe.InvalidRequestError, match="usage_type is `metered`"):
            call()


def test_use_in_a_trial_is_free(
    client: stripe.StripeClient, customer: stripe.Customer, meter_id: str, advance: Advance
) -> None:
    """docs.stripe.com/billing/subscriptions/trials"""
    plan, requests = price(client, 6000), metered_price(client, meter_id)
    items: Any = [{"price": plan.id}, {"price": requests.id}]
    client.v1.subscriptions.create({"customer": customer.id, "items": items, "trial_period_days": 14})
    use(client, customer.id, 500_000)
    advance(14 * DAY)
    assert amounts(latest(client, customer)) == [6000]
    use(client, customer.id, 60_000)
    advance(30 * DAY)
    assert amounts(latest(client, customer)) == [6000, 0, 2000]


def test_a_new_price_counts_from_the_change_and_the_old_one_is_billed_until_then(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Subscription, meter_id: str, advance: Advance
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/manage-billing-setup: update prices mid-cycle"""
    use(client, customer.id, 60_000)
    advance(10 * DAY)
    flat = metered_price(client, meter_id, unit_amount_decimal="0.5")
    item = team["items"].data[1]
    client.v1.subscriptions.update(team.id, {"items": [{"id": item.id, "price": flat.id}]})
    use(client, customer.id, 1000)
    client.v1.subscriptions.update(team.id, {"items": [{"id": item.id, "metadata": {"team": "blue"}}]})
    advance(20 * DAY)
    assert told(latest(client, customer)) == [
        ("50000 × API requests (Tier 1 at $0.00 / month)", 50_000, 0),
        ("10000 × API requests (Tier 2 at $0.002 / month)", 10_000, 2000),
        ("1 × Team (at $60.00 / month)", 1, 6000),
        ("1000 × API requests (at $0.005 / month)", 1000, 500),
    ]


def test_an_item_added_later_counts_from_then_and_a_removed_one_is_billed(
    client: stripe.StripeClient, customer: stripe.Customer, meter_id: str, advance: Advance
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/manage-billing-setup"""
    team = client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price(client, 6000).id}]})
    use(client, customer.id, 400_000)
    advance(DAY)
    added: Any = {"items": [{"price": metered_price(client, meter_id).id}]}
    changed = client.v1.subscriptions.update(team.id, added)
    use(client, customer.id, 55_000)
    advance(DAY)
    client.v1.subscriptions.update(team.id, {"items": [{"id": changed["items"].data[1].id, "deleted": True}]})
    use(client, customer.id, 800_000)
    advance(28 * DAY)
    assert amounts(latest(client, customer)) == [0, 1000, 6000]


def test_the_last_invoice_has_the_use_when_the_end_was_planned(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Subscription, advance: Advance
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/manage-billing-setup: cancel usage-based subscriptions"""
    client.v1.subscriptions.update(team.id, {"cancel_at_period_end": True})
    use(client, customer.id, 60_000)
    assert amounts(client.v1.invoices.create_preview({"subscription": team.id})) == [0, 2000]
    advance(TO_RENEWAL)
    assert client.v1.subscriptions.retrieve(team.id).status == "canceled"
    assert amounts(latest(client, customer)) == [0, 2000]


@pytest.mark.parametrize("invoice_now", [True, False])
def test_an_end_at_once_bills_the_use_only_when_asked(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Subscription, invoice_now: bool
) -> None:
    """docs.stripe.com/api/subscriptions/cancel#cancel_subscription-invoice_now: un-invoiced metered usage"""
    use(client, customer.id, 60_000, timestamp=START)
    client.v1.billing.meters.deactivate(str(team["items"].data[1].plan.meter))
    client.v1.subscriptions.cancel(team.id, {"invoice_now": invoice_now})
    assert len(invoices(client, customer=customer.id)) == 1 + invoice_now
    if invoice_now:
        # At the very second of its start the period is empty yet.
        assert amounts(latest(client, customer)) == [0]


def test_a_new_cycle_bills_the_use_of_the_old_one(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Subscription, advance: Advance
) -> None:
    """docs.stripe.com/billing/subscriptions/billing-cycle: resetting the anchor"""
    use(client, customer.id, 60_000)
    advance(15 * DAY)
    client.v1.subscriptions.update(team.id, {"billing_cycle_anchor": {"type": "now"}, "proration_behavior": "none"})
    assert amounts(latest(client, customer)) == [0, 2000, 6000]
    advance(31 * DAY)
    assert amounts(latest(client, customer)) == [6000, 0]


def test_yen_has_no_cents_to_round_to(
    client: stripe.StripeClient, customer: stripe.Customer, meter_id: str, advance: Advance
) -> None:
    """docs.stripe.com/currencies#zero-decimal"""
    only(client, customer, metered_price(client, meter_id, currency="jpy", unit_amount_decimal="0.25"))
    use(client, customer.id, 1002)
    advance(TO_RENEWAL)
    assert told(latest(client, customer)) == [("1002 × API requests (at ¥0.25 / month)", 1002, 251)]
