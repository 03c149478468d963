"""Prices, discounts and taxes: facts that have each finding of `findings_prices`, and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from billing.customer_details import TaxIdFacts
from billing.facts import BillingFacts
from billing.findings import RecommendedAction, RootCause, Status
from tests.billing.made import access, ago, facts, invoice, item, subscription, usd

LAST = invoice("in_2", created=ago(days=10), total=usd(6000))
BEFORE = invoice("in_1", created=ago(days=40), total=usd(3000), discount=usd(3000))
TEAM = subscription(items=(item("Team", 6000),))
TAXED = invoice("in_2", created=ago(days=10), total=usd(7140), tax=usd(1140))


def cody(**changes: Any) -> BillingFacts:
    """Half off, until the newest invoice."""
    return facts(
        **{
            "subscriptions": (TEAM,),
            "invoices": (LAST, BEFORE),
            "entitlements": access("team"),
            "charges": (),
            **changes,
        }
    )


def tina(**changes: Any) -> BillingFacts:
    """Taxed, without a tax id."""
    return facts(**{"invoices": (TAXED,), **changes})


def vito(verification: str | None) -> BillingFacts:
    return facts(tax_ids=(TaxIdFacts("txi_1", "eu_vat", "IT00743110157", verification),))


PRICE_CAUSES = [
    (RootCause.DISCOUNT_ENDED, Status.GREEN, RecommendedAction.NONE, cody()),
    (RootCause.TAX_ID_MISSING, Status.GREEN, RecommendedAction.NONE, tina()),
    (RootCause.TAX_ID_UNVERIFIED, Status.AMBER, RecommendedAction.CHECK_TAX_ID, vito("unverified")),
]
PRICE_NEAR = [
    *(
        (RootCause.DISCOUNT_ENDED, cody(**change))
        for change in (
            {"invoices": (replace(LAST, discount=usd(600), total=usd(5400)), BEFORE)},  # a smaller one goes on
            {"invoices": (replace(LAST, total=usd(3000)), BEFORE)},  # the bill is no higher
            {"invoices": (replace(LAST, billing_reason="subscription_update"), BEFORE)},
            {"invoices": (replace(LAST, created=ago(days=11)), BEFORE)},  # of a period before the running one
            {"invoices": (LAST, replace(BEFORE, discount=None))},
            {"invoices": (LAST,)},
            {"subscriptions": (replace(TEAM, status="canceled"),)},
        )
    ),
    *(
        (RootCause.TAX_ID_MISSING, tina(**change))
        for change in (
            {"tax_ids": (TaxIdFacts("txi_1", "eu_vat", "IT00743110157", "verified"),)},
            {"invoices": (replace(TAXED, tax=None),)},
            {"invoices": (replace(TAXED, shows_tax_id=True),)},  # one was on file then, and was removed since
            {"invoices": (replace(TAXED, status="void"),)},
        )
    ),
    # A check that is not over says nothing.
    *((RootCause.TAX_ID_UNVERIFIED, vito(check)) for check in ("pending", "verified", "unavailable", None)),
]
