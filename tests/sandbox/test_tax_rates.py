"""Tax rates, and what they do to invoices: on top or within, after discounts, never for the exempt."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sandbox.tax_amounts import Rate, taxes_on
from tests.sandbox.billing import DAY, amounts, invoices, item_of, price, subscribe

rates = st.lists(
    st.builds(
        Rate,
        st.just("txr_1"),
        st.decimals(min_value=0, max_value=100, places=4).map(Fraction),
        st.booleans(),
    ),
    max_size=5,
)


@given(st.integers(-1_000_000, 1_000_000), rates)
def test_tax_within_an_amount_leaves_what_it_was_reckoned_from(amount: int, rates: list[Rate]):
    """docs.stripe.com/billing/taxes/tax-rates#inclusive-vs-exclusive-tax"""
    taxes = taxes_on(amount, rates)
    included = sum(tax.amount for tax in taxes if tax.rate.inclusive)
    for tax in taxes:
        assert tax.taxable == amount - included
        if not tax.rate.inclusive:
            assert abs(tax.amount - Fraction(tax.taxable) * tax.rate.percent / 100) <= Fraction(1, 2)
    within = sum(tax.rate.percent for tax in taxes if tax.rate.inclusive)
    assert abs(included - Fraction(amount) * within / (100 + within)) <= Fraction(1, 2)
    assert [-tax.amount for tax in taxes] == [tax.amount for tax in taxes_on(-amount, rates)]


def rate(client: stripe.StripeClient, percentage: float = 19, *, inclusive: bool = False, **params: Any) -> str:
    given: Any = {"display_name": "VAT", "percentage": percentage, "inclusive": inclusive, **params}
    return client.v1.tax_rates.create(given).id


def taxes(of: stripe.Invoice | stripe.InvoiceLineItem) -> list[tuple[int, int | None, str]]:
    found = of.total_taxes if isinstance(of, stripe.Invoice) else of.taxes
    return [(each.amount, each.taxable_amount, each.tax_behavior) for each in found or []]


def latest(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.Invoice:
    return invoices(client, subscription=subscription.id)[0]


def test_a_rate_is_made_described_and_archived(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/tax_rates"""
    made = client.v1.tax_rates.create(
        {
            "display_name": "MwSt.",
            "percentage": 19.5,
            "inclusive": False,
            "country": "DE",
            "tax_type": "vat",
            "jurisdiction": "DE",
        }
    )
    assert (made.percentage, made.active, made.country, made.rate_type) == (19.5, True, "DE", "percentage")
    assert client.v1.tax_rates.update(made.id, {"active": False, "display_name": "VAT"}).active is False
    assert client.v1.tax_rates.list({"active": True}).data == []
    assert [each.id for each in client.v1.tax_rates.list({"inclusive": False}).data] == [made.id]
    assert client.v1.tax_rates.retrieve(made.id).display_name == "VAT"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"percentage": 101}, "percentage"),
        ({"percentage": 19.00001}, "percentage"),
        ({"percentage": -1}, "percentage"),
        ({"tax_type": "window_tax"}, "tax_type"),
    ],
)
def test_what_a_rate_cannot_be(client: stripe.StripeClient, params: Any, param: str) -> None:
    """docs.stripe.com/api/tax_rates/create"""
    with pytest.raises(stripe.InvalidRequestError) as error:
        rate(client, **params)
    assert error.value.param == param


def test_tax_on_top_of_each_renewal(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/subscriptions/create#create_subscription-default_tax_rates"""
    vat = rate(client)
    subscription = subscribe(client, customer.id, price(client, 1099).id, default_tax_rates=[vat])
    assert [each.id for each in subscription.default_tax_rates or []] == [vat]
    advance(31 * DAY)
    for invoice in invoices(client, subscription=subscription.id):
        assert taxes(invoice) == taxes(invoice.lines.data[0]) == [(209, 1099, "exclusive")]
        assert (invoice.subtotal, invoice.total, invoice.total_excluding_tax) == (1099, 1308, 1099)
        assert (invoice.amount_due, invoice.status) == (1308, "paid")
        assert [each.id for each in invoice.default_tax_rates] == [vat]
        assert invoice.total_taxes is not None
        found = invoice.total_taxes[0]
        assert found.tax_rate_details is not None
        assert (found.tax_rate_details.tax_rate, found.taxability_reason) == (vat, "not_available")


def test_tax_within_the_price(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/billing/taxes/tax-rates#inclusive-vs-exclusive-tax"""
    subscription = subscribe(
        client, customer.id, price(client, 1190).id, default_tax_rates=[rate(client, inclusive=True)]
    )
    invoice = latest(client, subscription)
    assert taxes(invoice) == [(190, 1000, "inclusive")]
    assert (invoice.subtotal, invoice.subtotal_excluding_tax) == (1190, 1000)
    assert (invoice.total, invoice.total_excluding_tax) == (1190, 1000)


def test_a_discount_comes_before_the_tax(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/billing/subscriptions/coupons and docs.stripe.com/billing/taxes/tax-rates"""
    client.v1.coupons.create({"amount_off": 101, "currency": "usd", "duration": "forever", "id": "ODD"})
    plans = [price(client, amount).id for amount in (1001, 999, 333)]
    subscription = client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": plan} for plan in plans],
            "discounts": [{"coupon": "ODD"}],
            "default_tax_rates": [rate(client, 7.7), rate(client, 19)],
        }
    )
    invoice = latest(client, subscription)
    off = [sum(each.amount for each in line.discount_amounts or []) for line in invoice.lines.data]
    assert sum(off) == 101
    by_line = [sum(amount for amount, _, _ in taxes(line)) for line in invoice.lines.data]
    assert sum(by_line) == sum(amount for amount, _, _ in taxes(invoice))
    assert invoice.total == sum(amounts(invoice)) - 101 + sum(by_line)
    assert [taxable for _, taxable, _ in taxes(invoice)] == [2232, 2232]


@pytest.mark.parametrize(("status", "reason"), [("exempt", "customer_exempt"), ("reverse", "reverse_charge")])
def test_who_is_exempt_or_owes_it_themselves_is_charged_none(
    client: stripe.StripeClient, customer: stripe.Customer, status: Any, reason: str
) -> None:
    """docs.stripe.com/billing/customer#tax-exempt"""
    client.v1.customers.update(customer.id, {"tax_exempt": status})
    subscription = subscribe(client, customer.id, price(client, 2000).id, default_tax_rates=[rate(client)])
    invoice = latest(client, subscription)
    assert (invoice.total, invoice.customer_tax_exempt, taxes(invoice)) == (2000, status, [(0, 2000, "exclusive")])
    assert invoice.total_taxes is not None
    assert invoice.total_taxes[0].taxability_reason == reason


def test_an_update_changes_what_comes_and_not_what_was(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/subscriptions/update#update_subscription-default_tax_rates"""
    low, high = rate(client, 7), rate(client, 19)
    subscription = subscribe(client, customer.id, price(client, 1000).id, default_tax_rates=[low])
    client.v1.subscriptions.update(subscription.id, {"default_tax_rates": [high]})
    advance(31 * DAY)
    client.v1.subscriptions.update(subscription.id, {"default_tax_rates": ""})
    advance(31 * DAY)
    assert [invoice.total for invoice in invoices(client, subscription=subscription.id)] == [1000, 1190, 1070]


def test_an_archived_rate_stays_where_it_is_and_is_chosen_no_more(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/tax_rates/object#tax_rate_object-active"""
    vat, plan = rate(client), price(client, 1000).id
    subscription = subscribe(client, customer.id, plan, default_tax_rates=[vat])
    client.v1.tax_rates.update(vat, {"active": False})
    assert client.v1.subscriptions.update(subscription.id, {"default_tax_rates": [vat]}).default_tax_rates
    for wrong in ([vat], ["txr_none"], [rate(client)] * 2):
        with pytest.raises(stripe.InvalidRequestError) as error:
            subscribe(client, customer.id, plan, default_tax_rates=wrong)
        assert str(error.value.param).startswith("default_tax_rates[")


def test_a_proration_is_taxed_both_ways(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/prorations#prorations-and-tax"""
    subscription = subscribe(client, customer.id, price(client, 2000).id, default_tax_rates=[rate(client)])
    advance(15 * DAY)
    change: Any = {
        "items": [{"id": item_of(subscription).id, "price": price(client, 6000).id}],
        "proration_behavior": "always_invoice",
    }
    client.v1.subscriptions.update(subscription.id, change)
    invoice = latest(client, subscription)
    assert (amounts(invoice), invoice.total) == ([-1000, 3000], 2380)
    assert [taxes(line)[0][:2] for line in invoice.lines.data] == [(-190, -1000), (570, 3000)]


def test_an_invoice_of_its_own_takes_its_own_rates_and_a_preview_shows_them(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/invoices/create#create_invoice-default_tax_rates"""
    low, high = rate(client, 7), rate(client, 19)
    client.v1.invoice_items.create({"customer": customer.id, "amount": 1000, "currency": "usd"})
    draft = client.v1.invoices.create(
        {"customer": customer.id, "pending_invoice_items_behavior": "include", "default_tax_rates": [low]}
    )
    assert draft.total == 1070
    assert client.v1.invoices.update(str(draft.id), {"default_tax_rates": [high]}).total == 1190
    subscription = subscribe(client, customer.id, price(client, 1000).id, default_tax_rates=[low])
    assert client.v1.invoices.create_preview({"subscription": subscription.id}).total == 1070
