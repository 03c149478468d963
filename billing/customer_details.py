"""What is printed on a customer's invoices beside the sums: address and tax ids (docs.stripe.com/api/customers)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """`country` is two letters (ISO 3166-1)."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class TaxIdFacts:
    """docs.stripe.com/billing/customer/tax-ids: what a register says of a number comes later than the number itself.

    `verification` is Stripe's word: pending | verified | unverified | unavailable; None where it checks nothing."""

    id: str
    type: str
    value: str
    verification: str | None = None
