"""What the configured Stripe key may do, for `lee doctor`: just the scopes Lee needs, neither less nor more.

Reading is tried on one object. Changing is tried on objects that cannot exist, so it is refused either way: for want of
a permission (403), or because there is no such object. Nothing is ever changed (docs.stripe.com/keys).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import stripe

Ask = Callable[[stripe.StripeClient], Awaitable[Any]]

ABSENT: Final = "LeeAsksWhetherItMay"  # no id of Stripe's looks like this


class Access(StrEnum):
    GRANTED = "granted"
    MISSING = "missing"
    UNKNOWN = "unknown"  # Stripe did not answer


@dataclass(frozen=True, slots=True)
class Probe:
    """`scope` is the resource as the key's settings name it, with `read` or `write`; `needed` says whether Lee uses it.
    A needed one that is missing stops something; one that is granted without need is better taken away."""

    scope: str
    needed: bool
    access: Access

    @property
    def fine(self) -> bool:
        return self.access is (Access.GRANTED if self.needed else Access.MISSING)


NEEDED: Final[dict[str, Ask]] = {
    "Customers: read": lambda stripe_: stripe_.v1.customers.list_async({"limit": 1}),
    "Charges and Refunds: read": lambda stripe_: stripe_.v1.charges.list_async({"limit": 1}),
    "Disputes: read": lambda stripe_: stripe_.v1.disputes.list_async({"limit": 1}),
    "PaymentIntents: read": lambda stripe_: stripe_.v1.payment_intents.list_async({"limit": 1}),
    "PaymentMethods: read": lambda stripe_: stripe_.v1.payment_methods.retrieve_async(f"pm_{ABSENT}"),
    "Products: read": lambda stripe_: stripe_.v1.products.list_async({"limit": 1}),
    "Prices: read": lambda stripe_: stripe_.v1.prices.list_async({"limit": 1}),
    "Invoices: read": lambda stripe_: stripe_.v1.invoices.list_async({"limit": 1}),
    "Invoice payments: read": lambda stripe_: stripe_.v1.invoice_payments.list_async({"limit": 1}),
    "Invoice previews": lambda stripe_: stripe_.v1.invoices.create_preview_async({"customer": f"cus_{ABSENT}"}),
    "Subscriptions: read": lambda stripe_: stripe_.v1.subscriptions.list_async({"limit": 1}),
    "Promotion codes: read": lambda stripe_: stripe_.v1.promotion_codes.list_async({"limit": 1}),
    "Billing meters: read": lambda stripe_: stripe_.v1.billing.meters.list_async({"limit": 1}),
    "Checkout Sessions: write": lambda stripe_: stripe_.v1.checkout.sessions.expire_async(f"cs_{ABSENT}"),
    "Customers: write": lambda stripe_: stripe_.v1.customers.update_async(f"cus_{ABSENT}", {}),
    "Charges and Refunds: write": lambda stripe_: stripe_.v1.refunds.create_async({"charge": f"ch_{ABSENT}"}),
    "Invoices: write": lambda stripe_: stripe_.v1.invoices.pay_async(f"in_{ABSENT}"),
    "Subscriptions: write": lambda stripe_: stripe_.v1.subscriptions.update_async(f"sub_{ABSENT}", {}),
    "Customer portal: write": lambda stripe_: stripe_.v1.billing_portal.sessions.create_async(
        {"customer": f"cus_{ABSENT}"}
    ),
}

# With these a stolen key could do what Lee never does.
EXCESSIVE: Final[dict[str, Ask]] = {
    "PaymentIntents: write": lambda stripe_: stripe_.v1.payment_intents.cancel_async(f"pi_{ABSENT}"),
    "Prices: write": lambda stripe_: stripe_.v1.prices.update_async(f"price_{ABSENT}", {}),
    "Coupons: write": lambda stripe_: stripe_.v1.coupons.update_async(ABSENT, {}),
    "Payouts: read": lambda stripe_: stripe_.v1.payouts.list_async({"limit": 1}),
}


async def probe_permissions(client: stripe.StripeClient) -> list[Probe]:
    """Every scope, needed ones first. Four requests at a time: test mode allows 25 a second."""
    turn = asyncio.Semaphore(4)

    async def probe(scope: str, ask: Ask, needed: bool) -> Probe:
        async with turn:
            return Probe(scope, needed, await _access(ask, client))

    asked = [(scope, ask, True) for scope, ask in NEEDED.items()]
    asked += [(scope, ask, False) for scope, ask in EXCESSIVE.items()]
    return list(await asyncio.gather(*(probe(*each) for each in asked)))


async def _access(ask: Ask, client: stripe.StripeClient) -> Access:
    try:
        await ask(client)
    except stripe.PermissionError:
        return Access.MISSING
    except stripe.InvalidRequestError as error:
        # A missing permission may come as 400 too; "no such object" means that we were let in.
        if error.code == "resource_missing":
            return Access.GRANTED
        return Access.MISSING if error.code == "more_permissions_required" else Access.UNKNOWN
    except stripe.StripeError:
        return Access.UNKNOWN
    return Access.GRANTED
