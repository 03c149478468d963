"""Facts the gate fetches afresh for each kind of action, whatever the model said. Implemented in `tools`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from billing.checkouts import CheckoutFacts, TodaysPrice
from billing.customer_details import AddressFacts, TaxIdFacts
from billing.discounts import DiscountFacts, Priced, PromotionFacts
from billing.facts import (
    ChargeFacts,
    CustomerFacts,
    DisputeFacts,
    InvoiceFacts,
    PaymentMethodFacts,
    PriceFacts,
    RefundFacts,
    SubscriptionFacts,
)
from billing.ids import InvoiceId
from billing.money import Money

T = TypeVar("T")


def given(fact: T | None, what: str) -> T:
    """A fact that a rule goes on to compare. Raises LookupError when it is absent: a denial before it should have said
    so, and since it did not, the answer is no (`policy.law.decide`)."""
    if fact is None:
        raise LookupError(f"asked about {what} that is not there")
    return fact


@dataclass(frozen=True, slots=True)
class RefundCase:
    """`charge` is None when no such charge exists. `recent` are the customer's other charges of the last 120 days;
    `refunds` all refunds of `charge`, also those made in the dashboard."""

    as_of: datetime
    customer: CustomerFacts
    charge: ChargeFacts | None
    duplicate_of: ChargeFacts | None
    recent: tuple[ChargeFacts, ...]
    refunds: tuple[RefundFacts, ...]
    disputes: tuple[DisputeFacts, ...]  # of the customer, any charge


@dataclass(frozen=True, slots=True)
class RetryCase:
    as_of: datetime
    customer: CustomerFacts
    invoice: InvoiceFacts | None
    payment_method: PaymentMethodFacts | None  # the one that would be charged, if it belongs to the customer


@dataclass(frozen=True, slots=True)
class PlanChangeCase:
    """`amount_due` is previewed again with the proposal's proration date: positive is charged, negative credited."""

    as_of: datetime
    customer: CustomerFacts
    subscription: SubscriptionFacts | None
    price: PriceFacts | None
    amount_due: Money | None


@dataclass(frozen=True, slots=True)
class CancelCase:
    as_of: datetime
    customer: CustomerFacts
    subscription: SubscriptionFacts | None


@dataclass(frozen=True, slots=True)
class ResumeCase:
    """Of a paused subscription also what starting it would charge now, to which card, and whether its newest invoice is
    open (then it is being started already)."""

    as_of: datetime
    customer: CustomerFacts
    subscription: SubscriptionFacts | None
    due: Money | None = None
    payment_method: PaymentMethodFacts | None = None
    open_invoice: InvoiceId | None = None


@dataclass(frozen=True, slots=True)
class ScheduledChangeCase:
    as_of: datetime
    customer: CustomerFacts
    subscription: SubscriptionFacts | None


@dataclass(frozen=True, slots=True)
class CreditCase:
    """The currency of a credit is that of the customer's balance, which Stripe keeps in one currency only. `invoice` is
    the one it is given for, if the proposal names one and it is the customer's."""

    as_of: datetime
    customer: CustomerFacts
    invoice: InvoiceFacts | None = None


@dataclass(frozen=True, slots=True)
class PromotionCase:
    """`promotion` is what the code stands for now. `discounts` are in force, on the subscription or the customer.
    `has_paid`: the customer has paid something before (looked up only where the code asks)."""

    as_of: datetime
    customer: CustomerFacts
    subscription: SubscriptionFacts | None
    items: tuple[Priced, ...]
    promotion: PromotionFacts | None
    discounts: tuple[DiscountFacts, ...]
    has_paid: bool


@dataclass(frozen=True, slots=True)
class DetailsCase:
    as_of: datetime
    customer: CustomerFacts
    address: AddressFacts | None


@dataclass(frozen=True, slots=True)
class TaxIdCase:
    """`country` is that of the billing address, in two letters. `tax_ids` are all on file."""

    as_of: datetime
    customer: CustomerFacts
    country: str | None
    tax_ids: tuple[TaxIdFacts, ...]


@dataclass(frozen=True, slots=True)
class CheckoutCase:
    """`later`: a newer session for the same things that was completed or is open. `prices` are today's, one for each
    item of `session`. `subscribed` are the products of the customer's running subscriptions."""

    as_of: datetime
    customer: CustomerFacts
    session: CheckoutFacts | None
    later: CheckoutFacts | None
    prices: tuple[TodaysPrice, ...]
    subscribed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkCase:
    as_of: datetime
    customer: CustomerFacts


ActionFacts = (
    RefundCase
    | RetryCase
    | PlanChangeCase
    | CancelCase
    | ResumeCase
    | ScheduledChangeCase
    | CreditCase
    | PromotionCase
    | DetailsCase
    | TaxIdCase
    | CheckoutCase
    | LinkCase
)
