"""What is known of one customer at one moment: frozen snapshots that `tools` reads and diagnosis and policy judge.

Field names follow Stripe's objects where they have one (docs.stripe.com/api). `created` and friends are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from billing.checkouts import CheckoutFacts
from billing.customer_details import TaxIdFacts
from billing.ids import (
    ChargeId,
    CustomerId,
    DisputeId,
    InvoiceId,
    PaymentIntentId,
    PaymentMethodId,
    PriceId,
    RefundId,
    ScheduleId,
    SubscriptionId,
    SubscriptionItemId,
)
from billing.money import Money
from billing.usage_bill import UsagePrice

Source = Literal["stripe", "entitlements", "usage"]


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card was refused. `advice_code` speaks before `decline_code` (docs.stripe.com/declines/codes)."""

    code: str  # card_declined, expired_card, incorrect_cvc, authentication_required, …
    decline_code: str | None
    advice_code: str | None  # try_again_later | confirm_card_data | do_not_try_again
    message: str  # Stripe's own sentence: data, never shown unchecked


@dataclass(frozen=True, slots=True)
class PaymentMethodFacts:
    id: PaymentMethodId
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    id: CustomerId
    name: str | None
    email: str | None
    created: datetime
    balance: Money | None  # negative: the customer has credit; None before any currency is known
    delinquent: bool
    default_payment_method: PaymentMethodId | None
    metadata: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class ChargeFacts:
    id: ChargeId
    customer: CustomerId | None
    payment_intent: PaymentIntentId | None
    invoice: InvoiceId | None  # found through invoice_payments
    amount: Money
    amount_refunded: Money
    status: str  # succeeded | pending | failed
    captured: bool
    disputed: bool
    refunded: bool
    description: str | None
    last4: str | None
    created: datetime
    decline: Decline | None = None
    risk_level: str | None = None  # normal | elevated | highest
    order: str | None = None  # metadata `order_id`: the shop's own number for this purchase

    @property
    def refundable(self) -> Money:
        return self.amount - self.amount_refunded


@dataclass(frozen=True, slots=True)
class RefundFacts:
    id: RefundId
    charge: ChargeId
    amount: Money
    status: str  # pending | requires_action | succeeded | failed | canceled
    created: datetime
    failure_reason: str | None = None
    metadata: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    id: DisputeId
    charge: ChargeId
    amount: Money
    status: str
    reason: str
    created: datetime


@dataclass(frozen=True, slots=True)
class InvoiceLineFacts:
    description: str
    amount: Money
    price: PriceId | None
    quantity: int | None
    proration: bool
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    id: InvoiceId
    number: str | None
    customer: CustomerId
    subscription: SubscriptionId | None
    status: str  # draft | open | paid | uncollectible | void
    billing_reason: str | None
    total: Money
    amount_due: Money
    amount_paid: Money
    amount_remaining: Money
    attempt_count: int
    next_payment_attempt: datetime | None
    due_date: datetime | None
    hosted_invoice_url: str | None
    created: datetime
    lines: tuple[InvoiceLineFacts, ...] = ()
    charges: tuple[ChargeId, ...] = ()
    last_decline: Decline | None = None  # of its latest payment attempt
    last_payment_method: PaymentMethodId | None = None  # what that attempt charged
    requires_action: bool = False  # 3-D Secure waits for the customer
    discount: Money | None = None  # taken off the total; None without one
    tax: Money | None = None  # within the total; None without one
    shows_tax_id: bool = False  # the customer had a tax id on file when it was finalised
    credited: Money | None = None  # by credit notes, before or after it was paid; None without one


@dataclass(frozen=True, slots=True)
class SubscriptionItemFacts:
    id: SubscriptionItemId
    price: PriceId
    product_name: str
    unit_amount: Money | None
    interval: str
    quantity: int
    current_period_start: datetime
    current_period_end: datetime
    meter: str | None = None  # Stripe's id of the meter that counts its use; None for a price paid in advance


@dataclass(frozen=True, slots=True)
class ScheduledChange:
    """What a subscription will become on `at`: the first item of the next phase that differs from the present
    (docs.stripe.com/billing/subscriptions/subscription-schedules). `steps`: how many phases are still to come; `ends`:
    the schedule ends the subscription after the last of them."""

    schedule: ScheduleId
    at: datetime
    price: PriceId
    product_name: str
    unit_amount: Money | None
    interval: str
    quantity: int
    steps: int = 1
    ends: bool = False


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    id: SubscriptionId
    customer: CustomerId
    status: str  # incomplete | trialing | active | past_due | unpaid | canceled | incomplete_expired | paused
    items: tuple[SubscriptionItemFacts, ...]
    created: datetime
    cancel_at_period_end: bool = False
    cancel_at: datetime | None = None
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    trial_end: datetime | None = None
    schedule: ScheduleId | None = None  # what manages it: its end cannot be changed past it
    scheduled_change: ScheduledChange | None = None
    default_payment_method: PaymentMethodId | None = None
    metadata: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class PriceFacts:
    id: PriceId
    product_name: str
    lookup_key: str | None
    unit_amount: Money | None
    interval: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class EntitlementFacts:
    """What the product itself grants this customer now, from its own source beside Stripe."""

    plan: str
    active: bool
    features: frozenset[str]
    locked_reason: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MeterUsage:
    """Units of one meter within the current period and the one before it (same length)."""

    meter: str
    used: int
    included: int
    previous: int


@dataclass(frozen=True, slots=True)
class UsageFacts:
    period_start: datetime
    period_end: datetime
    meters: tuple[MeterUsage, ...]


@dataclass(frozen=True, slots=True)
class BilledUsage:
    """The newest invoice's bill for what a meter counted in `[period_start, period_end)`, beside the company's own
    count of the same time. `counted` None: the usage store did not say. `edges`: what it counted in the hours at the
    two ends of the period, which either side may have taken in or left out."""

    subscription: SubscriptionId
    invoice: InvoiceId
    price_id: PriceId
    price: UsagePrice
    meter: str
    units: int
    amount: Money
    period_start: datetime
    period_end: datetime
    counted: int | None = None
    edges: int = 0
    credits: tuple[Money, ...] = ()  # given on the customer's balance since; looked up where too much was billed


@dataclass(frozen=True, slots=True)
class BillingFacts:
    """Everything the diagnosis may look at. A source in `unavailable` left its part empty: absent is not false."""

    as_of: datetime
    customer: CustomerFacts
    payment_methods: tuple[PaymentMethodFacts, ...] = ()
    subscriptions: tuple[SubscriptionFacts, ...] = ()
    invoices: tuple[InvoiceFacts, ...] = ()  # newest first
    charges: tuple[ChargeFacts, ...] = ()  # newest first
    refunds: tuple[RefundFacts, ...] = ()
    disputes: tuple[DisputeFacts, ...] = ()
    entitlements: EntitlementFacts | None = None
    usage: UsageFacts | None = None
    prices: tuple[PriceFacts, ...] = ()  # the price list: read only where what is granted is not what is paid for
    prorated_at: datetime | None = None  # the newest proration that waits for an invoice; read in the same case
    billed_usage: tuple[BilledUsage, ...] = ()
    tax_ids: tuple[TaxIdFacts, ...] = ()  # read only where an invoice bears tax or shows a tax id
    checkouts: tuple[CheckoutFacts, ...] = ()  # newest first
    unavailable: frozenset[Source] = frozenset()
