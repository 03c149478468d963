"""Facts made by hand: one healthy customer on Starter, and shorthands to break it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.facts import (
    BillingFacts,
    ChargeFacts,
    CustomerFacts,
    Decline,
    DisputeFacts,
    EntitlementFacts,
    InvoiceFacts,
    InvoiceLineFacts,
    MeterUsage,
    PaymentMethodFacts,
    PriceFacts,
    RefundFacts,
    SubscriptionFacts,
    SubscriptionItemFacts,
    UsageFacts,
)
from billing.ids import (
    ChargeId,
    CustomerId,
    DisputeId,
    InvoiceId,
    PaymentMethodId,
    PriceId,
    RefundId,
    SubscriptionId,
    SubscriptionItemId,
)
from billing.money import Money

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ME = CustomerId("cus_me")
SUB = SubscriptionId("sub_me")
NOTHING = Money(0, "usd")


def usd(amount: int) -> Money:
    return Money(amount, "usd")


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def decline(decline_code: str | None, advice_code: str | None = None, code: str = "card_declined") -> Decline:
    return Decline(code, decline_code, advice_code, "Your card was declined.")


def item(name: str = "Starter", amount: int = 2000, **changes: Any) -> SubscriptionItemFacts:
    made = SubscriptionItemFacts(
        id=SubscriptionItemId("si_me"),
        price=PriceId(f"price_{name.lower()}"),
        product_name=name,
        unit_amount=usd(amount),
        interval="month",
        quantity=1,
        current_period_start=ago(days=10),
        current_period_end=NOW + timedelta(days=20),
    )
    return replace(made, **changes)


def subscription(**changes: Any) -> SubscriptionFacts:
    made = SubscriptionFacts(SUB, ME, "active", (item(),), ago(days=100))
    return replace(made, **changes)


def price(name: str = "Business", amount: int = 20000, interval: str = "month", **changes: Any) -> PriceFacts:
    key = f"{name.lower()}_{interval}ly"
    return replace(PriceFacts(PriceId(f"price_{key}"), name, key, usd(amount), interval, True), **changes)


def charge(id_: str = "ch_1", **changes: Any) -> ChargeFacts:
    made = ChargeFacts(
        id=ChargeId(id_),
        customer=ME,
        payment_intent=None,
        invoice=None,
        amount=usd(2000),
        amount_refunded=NOTHING,
        status="succeeded",
        captured=True,
        disputed=False,
        refunded=False,
        description=None,
        last4="4242",
        created=ago(days=10),
    )
    return replace(made, **changes)


def invoice(id_: str = "in_1", **changes: Any) -> InvoiceFacts:
    made = InvoiceFacts(
        id=InvoiceId(id_),
        number="ACME-0004",
        customer=ME,
        subscription=SUB,
        status="paid",
        billing_reason="subscription_cycle",
        total=usd(2000),
        amount_due=usd(2000),
        amount_paid=usd(2000),
        amount_remaining=NOTHING,
        attempt_count=1,
        next_payment_attempt=None,
        due_date=None,
        hosted_invoice_url="https://invoice.example/in_1",
        created=ago(days=10),
        charges=(),
    )
    return replace(made, **changes)


def unpaid(**changes: Any) -> InvoiceFacts:
    """An open invoice that Stripe tried to charge two days ago."""
    return invoice(
        **{
            "status": "open",
            "amount_paid": NOTHING,
            "amount_remaining": usd(2000),
            "created": ago(days=2),
            "charges": (ChargeId("ch_failed"),),
            **changes,
        }
    )


def mailed(**changes: Any) -> InvoiceFacts:
    """An open invoice the customer pays by link; nothing is charged by itself."""
    return unpaid(**{"attempt_count": 0, "charges": (), "subscription": None, "due_date": NOW, **changes})


def line(amount: int, *, proration: bool) -> InvoiceLineFacts:
    return InvoiceLineFacts("Team", usd(amount), PriceId("price_team"), 1, proration, ago(days=10), NOW)


def card(id_: str = "pm_1", last4: str = "4242", month: int = 12, year: int = 2029) -> PaymentMethodFacts:
    return PaymentMethodFacts(PaymentMethodId(id_), "visa", last4, month, year)


def refund(id_: str = "re_1", **changes: Any) -> RefundFacts:
    return replace(RefundFacts(RefundId(id_), ChargeId("ch_1"), usd(2000), "pending", ago(days=2)), **changes)


def dispute(**changes: Any) -> DisputeFacts:
    made = DisputeFacts(DisputeId("du_1"), ChargeId("ch_1"), usd(2000), "needs_response", "fraudulent", ago(days=2))
    return replace(made, **changes)


def access(plan: str = "starter", **changes: Any) -> EntitlementFacts:
    return replace(EntitlementFacts(plan, active=True, features=frozenset(["projects"])), **changes)


def usage(used: int, included: int, previous: int) -> UsageFacts:
    return UsageFacts(ago(days=10), NOW + timedelta(days=20), (MeterUsage("api_requests", used, included, previous),))


def customer(**changes: Any) -> CustomerFacts:
    made = CustomerFacts(ME, "Me", "me@example.com", ago(days=200), NOTHING, False, PaymentMethodId("pm_1"))
    return replace(made, **changes)


def facts(**changes: Any) -> BillingFacts:
    """Starter, paid ten days ago, unlocked."""
    made = BillingFacts(
        as_of=NOW,
        customer=customer(),
        payment_methods=(card(),),
        subscriptions=(subscription(),),
        invoices=(invoice(charges=(ChargeId("ch_1"),)),),
        charges=(charge(invoice=InvoiceId("in_1")),),
        entitlements=access(),
        usage=usage(100, 1000, 90),
    )
    return replace(made, **changes)


def failing(code: Decline | None, **changes: Any) -> BillingFacts:
    """The renewal of two days ago was tried on the card ending 4242 and failed."""
    failed = charge("ch_failed", status="failed", captured=False, created=ago(days=2), decline=code)
    given = {
        "subscriptions": (subscription(status="past_due"),),
        "invoices": (unpaid(last_decline=code), invoice("in_0", created=ago(days=40))),
        "charges": (replace(failed, invoice=InvoiceId("in_1")),),
    }
    return facts(**{**given, **changes})


NO_CARD: dict[str, Any] = {"payment_methods": (), "customer": customer(default_payment_method=None)}

SOON = NOW + timedelta(days=3)
ENDED = subscription(status="canceled", ended_at=ago(days=5), canceled_at=ago(days=5))
TWICE = (
    charge("ch_b", order="order_1", created=ago(days=1)),
    charge("ch_a", order="order_1", created=ago(days=1, seconds=40)),
)
PRORATED = invoice(total=usd(8000), lines=(line(-1000, proration=True), line(3000, proration=True)))
REFUNDED = charge(invoice=InvoiceId("in_1"), refunded=True, amount_refunded=usd(2000))
TRIAL = subscription(status="trialing", trial_end=SOON, items=(item(current_period_end=SOON),))
OVER_GRANTED: dict[str, Any] = {
    "prices": (price(), price("Team", 6000), price("Starter", 2000), price("Business", 200000, "year")),
    "entitlements": access("business"),
}
TWO_SUBSCRIPTIONS = (subscription(id=SubscriptionId("sub_two"), created=ago(days=40)), subscription())
YEARLY = subscription(
    items=(item(interval="year", current_period_end=NOW + timedelta(days=355)),), created=ago(days=375)
)
