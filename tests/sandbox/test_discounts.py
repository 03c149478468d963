"""Discounts on subscriptions, customers and invoices: how long they last, what they take off, what is left of them."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, amounts, event_types, invoices, item_of, price, subscribe, unix

HALF: Any = {"percent_off": 50, "duration": "repeating", "duration_in_months": 3, "id": "HALF"}
ONE_MONTH: Any = {**HALF, "duration_in_months": 1}


@pytest.fixture
def plan(client: stripe.StripeClient) -> stripe.Price:
    return price(client, 2000, name="Starter")


def totals(client: stripe.StripeClient, subscription: str) -> list[int]:
    """What its invoices came to, oldest first."""
    return [invoice.total for invoice in reversed(invoices(client, subscription=subscription))]


def test_a_repeating_coupon_takes_off_its_months_and_no_more(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/coupons: three months from the day it was redeemed"""
    client.v1.coupons.create(HALF)
    subscription = subscribe(
        client, customer.id, plan.id, discounts=[{"coupon": "HALF"}], expand=["discounts.source.coupon"]
    )
    discount = subscription.discounts[0]
    assert isinstance(discount, stripe.Discount)
    assert (discount.start, discount.end) == (unix(2026, 11, 2, 9), unix(2027, 2, 2, 9))
    assert (discount.subscription, discount.invoice, discount.customer) == (subscription.id, None, customer.id)
    assert isinstance(discount.source.coupon, stripe.Coupon)
    assert (discount.source.coupon.id, discount.source.coupon.times_redeemed) == ("HALF", 1)
    advance(93 * DAY)
    assert event_types(client, unix(2027, 2, 2, 9)).count("customer.discount.deleted") == 1
    assert client.v1.subscriptions.retrieve(subscription.id).discounts == []
    advance(32 * DAY)
    assert totals(client, subscription.id) == [1000, 1000, 1000, 2000, 2000]


def test_what_an_invoice_says_of_its_discount(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price
) -> None:
    """docs.stripe.com/api/invoices/object#invoice_object-total_discount_amounts"""
    client.v1.coupons.create(HALF)
    subscription = subscribe(client, customer.id, plan.id, discounts=[{"coupon": "HALF"}])
    id_ = str(subscription.discounts[0])
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert (invoice.subtotal, invoice.total, invoice.amount_due, invoice.status) == (2000, 1000, 1000, "paid")
    assert invoice.discounts == [id_]
    assert invoice.total_discount_amounts is not None
    assert [(each.amount, each.discount) for each in invoice.total_discount_amounts] == [(1000, id_)]
    line = invoice.lines.data[0]
    assert (line.amount, line.discounts) == (2000, [])
    assert line.discount_amounts is not None
    assert [(each.amount, each.discount) for each in line.discount_amounts] == [(1000, id_)]
    shown = client.v1.invoices.retrieve(str(invoice.id), {"expand": ["total_discount_amounts.discount.source.coupon"]})
    assert shown.total_discount_amounts is not None
    discount = shown.total_discount_amounts[0].discount
    assert isinstance(discount, stripe.Discount)
    assert isinstance(discount.source.coupon, stripe.Coupon)
    assert discount.source.coupon.percent_off == 50


def test_a_coupon_for_once_is_used_by_the_first_invoice_it_takes_something_off(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/coupons/object#coupon_object-duration"""
    client.v1.coupons.create({"amount_off": 500, "currency": "usd", "id": "FIVE"})
    subscription = subscribe(client, customer.id, plan.id, discounts=[{"coupon": "FIVE"}], trial_period_days=10)
    assert len(subscription.discounts) == 1
    advance(45 * DAY)
    assert totals(client, subscription.id) == [0, 1500, 2000]
    assert client.v1.subscriptions.retrieve(subscription.id).discounts == []


def test_discounts_apply_one_after_the_other_and_never_below_nothing(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price
) -> None:
    """docs.stripe.com/billing/subscriptions/coupons#stacking-order"""
    client.v1.coupons.create({"percent_off": 25, "duration": "forever", "id": "QUARTER"})
    client.v1.coupons.create({"amount_off": 9000, "currency": "usd", "duration": "forever", "id": "NINETY"})
    two = [{"coupon": "QUARTER"}, {"coupon": "NINETY"}]
    subscription = subscribe(client, customer.id, plan.id, discounts=two)
    invoice = client.v1.invoices.retrieve(str(subscription.latest_invoice))
    assert invoice.total_discount_amounts is not None
    assert [each.amount for each in invoice.total_discount_amounts] == [500, 1500]
    assert (invoice.total, invoice.status) == (0, "paid")


def test_a_coupon_for_one_product_leaves_the_others_alone(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price
) -> None:
    """docs.stripe.com/billing/subscriptions/coupons: the API takes a coupon that applies to nothing; it takes off 0"""
    seats = price(client, 333, name="Seat")
    client.v1.coupons.create(
        {"percent_off": 50, "duration": "forever", "id": "SEATS", "applies_to": {"products": [str(seats.product)]}}
    )
    both = client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": plan.id}, {"price": seats.id, "quantity": 3}],
            "discounts": [{"coupon": "SEATS"}],
        }
    )
    invoice = client.v1.invoices.retrieve(str(both.latest_invoice))
    assert (amounts(invoice), invoice.total) == ([2000, 999], 2499)
    assert [[each.amount for each in line.discount_amounts or []] for line in invoice.lines.data] == [[], [500]]
    neither = subscribe(client, customer.id, plan.id, discounts=[{"coupon": "SEATS"}])
    invoice = client.v1.invoices.retrieve(str(neither.latest_invoice))
    assert invoice.total_discount_amounts is not None
    assert (invoice.total, [each.amount for each in invoice.total_discount_amounts]) == (2000, [0])


def test_an_update_keeps_replaces_and_clears(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price
) -> None:
    """docs.stripe.com/api/subscriptions/update#update_subscription-discounts"""
    for name in ("A", "B"):
        client.v1.coupons.create({"percent_off": 10, "duration": "forever", "id": name})
    update = client.v1.subscriptions.update
    subscription = subscribe(client, customer.id, plan.id, discounts=[{"coupon": "A"}])
    first = str(subscription.discounts[0])
    assert update(subscription.id, {"metadata": {"a": "b"}}).discounts == [first]
    kept = update(subscription.id, {"discounts": [{"discount": first}, {"coupon": "B"}]}).discounts
    assert (kept[0], len(kept)) == (first, 2)
    assert update(subscription.id, {"discounts": [{"coupon": "B"}]}).discounts not in ([first], kept)
    assert update(subscription.id, {"discounts": ""}).discounts == []
    for wrong in (
        [{"discount": first}],
        [{"coupon": "A"}, {"coupon": "A"}],
        [{"coupon": "A", "discount": first}],
        [{"coupon": "C"}],
    ):
        with pytest.raises(stripe.InvalidRequestError) as error:
            update(subscription.id, {"discounts": wrong})  # pyright: ignore[reportArgumentType]
        assert str(error.value.param).startswith("discounts[")
    assert client.v1.coupons.retrieve("A").times_redeemed == 1


def test_a_subscriptions_discount_is_deleted_and_old_invoices_still_name_it(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/discounts/subscription_delete"""
    client.v1.coupons.create(HALF)
    subscription = subscribe(client, customer.id, plan.id, discounts=[{"coupon": "HALF"}])
    gone = client.v1.subscriptions.delete_discount(subscription.id)
    assert (gone.id, gone.deleted) == (subscription.discounts[0], True)
    advance(31 * DAY)
    assert totals(client, subscription.id) == [1000, 2000]
    first = client.v1.invoices.retrieve(str(subscription.latest_invoice), {"expand": ["discounts"]})
    assert isinstance(first.discounts[0], stripe.Discount)
    with pytest.raises(stripe.InvalidRequestError) as none:
        client.v1.subscriptions.delete_discount(subscription.id)
    assert none.value.code == "resource_missing"


def test_a_customers_discount_is_inherited_where_there_is_no_other(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    plan: stripe.Price,
    act: Callable[..., Any],
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscriptions/create#create_subscription-discounts"""
    client.v1.coupons.create(HALF)
    client.v1.coupons.create({"percent_off": 10, "duration": "once", "id": "TENTH"})
    act("discount_customer", customer=customer.id, coupon="HALF")
    found = client.v1.customers.retrieve(customer.id).discount
    assert found is not None
    assert (found.source.coupon, found.subscription) == ("HALF", None)
    inherits = subscribe(client, customer.id, plan.id)
    own = subscribe(client, customer.id, plan.id, discounts=[{"coupon": "TENTH"}])
    advance(31 * DAY)
    assert (totals(client, inherits.id), totals(client, own.id)) == ([1000, 1000], [1800, 1000])
    assert client.v1.customers.delete_discount(customer.id).deleted is True
    assert client.v1.customers.retrieve(customer.id).discount is None
    advance(31 * DAY)
    assert totals(client, inherits.id)[-1] == 2000
    with pytest.raises(stripe.InvalidRequestError, match="No active discount"):
        client.v1.customers.delete_discount(customer.id)


def test_a_customers_discount_ends_by_itself(
    client: stripe.StripeClient, customer: stripe.Customer, act: Callable[..., Any], advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/discounts/object#discount_object-end"""
    client.v1.coupons.create(HALF)
    act("discount_customer", customer=customer.id, coupon="HALF")
    advance(93 * DAY)
    assert client.v1.customers.retrieve(customer.id).discount is None


def test_a_preview_honours_what_is_there_and_what_could_be(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price, app: Any
) -> None:
    """docs.stripe.com/api/invoices/create_preview#create_create_preview-discounts"""
    client.v1.coupons.create(HALF)
    coupon = client.v1.coupons.create({"percent_off": 20, "duration": "repeating", "duration_in_months": 3})
    code = client.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "code": "WELCOME20",
            # Over before the renewal that is previewed: what counts is that it is redeemed today.
            "expires_at": unix(2026, 11, 9),
        }
    )
    subscription = subscribe(client, customer.id, plan.id, discounts=[{"coupon": "HALF"}])
    before = app.world.snapshot()

    def preview(**params: Any) -> int:
        given: Any = {"subscription": subscription.id, **params}
        return client.v1.invoices.create_preview(given).total

    assert preview() == 1000
    assert preview(discounts=[{"promotion_code": code.id}]) == 1600
    assert preview(discounts="") == 2000
    items = [{"price": plan.id, "quantity": 2}]
    shown = client.v1.invoices.create_preview(
        {"customer": customer.id, "discounts": [{"coupon": "HALF"}], "subscription_details": {"items": items}}  # pyright: ignore[reportArgumentType]
    )
    assert (shown.subtotal, shown.total) == (4000, 2000)
    assert app.world.snapshot() == before


def test_a_preview_looks_beyond_the_end_of_a_discount(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/invoices/create_preview"""
    client.v1.coupons.create(ONE_MONTH)
    subscription = subscribe(client, customer.id, plan.id, discounts=[{"coupon": "HALF"}])
    shown = client.v1.invoices.create_preview({"subscription": subscription.id})
    advance(31 * DAY)
    assert [shown.total, *totals(client, subscription.id)] == [2000, 1000, 2000]


def test_an_upgrade_credits_what_was_paid_and_debits_what_will_be(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/changelog/clover/2025-09-30/itemize-proration-discount-amounts: `included` amounts are net, and
    docs.stripe.com/billing/subscriptions/billing-mode/compare: a credit uses the amount originally debited"""
    client.v1.coupons.create({"percent_off": 50, "duration": "forever", "id": "HALF"})
    team = price(client, 6000, name="Team")
    subscription = subscribe(client, customer.id, plan.id, discounts=[{"coupon": "HALF"}])
    advance(15 * DAY)
    change = [{"id": item_of(subscription).id, "price": team.id}]
    client.v1.subscriptions.update(subscription.id, {"items": change, "proration_behavior": "always_invoice"})  # pyright: ignore[reportArgumentType]
    at_once = invoices(client, subscription=subscription.id)[0]
    assert (amounts(at_once), at_once.total) == ([-500, 1500], 1000)
    named = [[(each.amount, each.discount) for each in line.discount_amounts or []] for line in at_once.lines.data]
    assert named == [[(0, subscription.discounts[0])], [(0, subscription.discounts[0])]]
    client.v1.subscriptions.cancel(subscription.id, {"prorate": True, "invoice_now": True})
    last = invoices(client, subscription=subscription.id)[0]
    assert amounts(last) == [-1500]


def test_an_invoice_of_its_own_takes_its_own_discounts(
    client: stripe.StripeClient, customer: stripe.Customer, act: Callable[..., Any]
) -> None:
    """docs.stripe.com/api/invoices/create#create_invoice-discounts"""
    client.v1.coupons.create({"percent_off": 10, "id": "TENTH", "duration": "forever"})
    client.v1.coupons.create({"percent_off": 50, "id": "HALF"})
    act("discount_customer", customer=customer.id, coupon="TENTH")
    invoice = client.v1.invoices.create({"customer": customer.id, "currency": "usd"})
    given: Any = {"customer": customer.id, "currency": "usd"}
    for amount, params in ((1005, {}), (-300, {}), (100, {"discountable": False})):
        item: Any = {**given, "invoice": invoice.id, "amount": amount, **params}
        client.v1.invoice_items.create(item)
    assert client.v1.invoices.retrieve(str(invoice.id)).total == 805 - 101
    assert client.v1.invoices.update(str(invoice.id), {"discounts": [{"coupon": "HALF"}]}).total == 805 - 503
    assert client.v1.invoices.update(str(invoice.id), {"discounts": ""}).total == 805
    done = client.v1.invoices.finalize_invoice(str(invoice.id))
    with pytest.raises(stripe.InvalidRequestError) as sealed:
        client.v1.invoices.update(done.id, {"discounts": [{"coupon": "HALF"}]})
    assert sealed.value.code == "invoice_not_editable"


def test_the_same_key_redeems_once(client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price) -> None:
    """docs.stripe.com/api/idempotent_requests"""
    client.v1.coupons.create({"percent_off": 10, "duration": "forever", "id": "TENTH"})
    subscription = subscribe(client, customer.id, plan.id)
    twice = [
        client.v1.subscriptions.update(
            subscription.id, {"discounts": [{"coupon": "TENTH"}]}, {"idempotency_key": "once-only"}
        ).discounts
        for _ in range(2)
    ]
    assert twice[0] == twice[1]
    assert client.v1.coupons.retrieve("TENTH").times_redeemed == 1


def test_what_a_failed_creation_redeemed_is_not_redeemed(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price
) -> None:
    """docs.stripe.com/billing/subscriptions/coupons"""
    client.v1.coupons.create({"percent_off": 10, "duration": "forever", "id": "TENTH"})
    with pytest.raises(stripe.InvalidRequestError):
        subscribe(client, customer.id, plan.id, discounts=[{"coupon": "TENTH"}, {"coupon": "NONE"}])
    assert client.v1.coupons.retrieve("TENTH").times_redeemed == 0


def test_time_alone_changes_no_total(
    client: stripe.StripeClient, customer: stripe.Customer, plan: stripe.Price, advance: Callable[[int], int]
) -> None:
    """A draft keeps the discount it was drafted with, though it is finalized an hour after the discount's end."""
    client.v1.coupons.create(ONE_MONTH)
    subscription = subscribe(client, customer.id, plan.id)
    advance(5 * DAY)
    client.v1.subscriptions.update(subscription.id, {"discounts": [{"coupon": "HALF"}]})
    advance(27 * DAY + HOUR)
    assert totals(client, subscription.id) == [2000, 1000]
