"""What Acme Cloud sells. Prices are found by `lookup_key`; their ids are readable."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Plan:
    """One plan of the product: its name, what it unlocks, and the API requests included in each month of a period."""

    name: str
    features: tuple[str, ...]
    included_requests: int


PLANS: dict[str, Plan] = {
    "free": Plan("Free", ("projects",), 1_000),
    "starter": Plan("Starter", ("projects", "api", "exports"), 10_000),
    "team": Plan("Team", ("projects", "api", "exports", "roles", "integrations"), 50_000),
    "business": Plan(
        "Business", ("projects", "api", "exports", "roles", "integrations", "audit_log", "single_sign_on"), 250_000
    ),
}

PRODUCTS: dict[str, str] = {
    "prod_starter": "Starter",
    "prod_team": "Team",
    "prod_business": "Business",
    "prod_analytics": "Analytics add-on",
    "prod_credits": "Credit pack",
    "prod_requests": "API requests",
}


@dataclass(frozen=True)
class Price:
    """`amount` in minor units; `interval` is None for what is bought once."""

    product: str
    amount: int
    interval: str | None = None
    currency: str = "usd"

    def fields(self, lookup_key: str | None = None) -> dict[str, Any]:
        """The form of `POST /v1/prices`."""
        recurring = {"recurring": {"interval": self.interval}} if self.interval else {}
        return {
            "product": self.product,
            "unit_amount": self.amount,
            "currency": self.currency,
            **({"lookup_key": lookup_key} if lookup_key else {}),
            **recurring,
        }


PRICES: dict[str, Price] = {
    "starter_monthly": Price("prod_starter", 20_00, "month"),
    "starter_yearly": Price("prod_starter", 200_00, "year"),
    "team_monthly": Price("prod_team", 60_00, "month"),
    "team_yearly": Price("prod_team", 600_00, "year"),
    "business_monthly": Price("prod_business", 200_00, "month"),
    "business_yearly": Price("prod_business", 2000_00, "year"),
    "starter_monthly_eur": Price("prod_starter", 18_00, "month", "eur"),
    "team_monthly_eur": Price("prod_team", 55_00, "month", "eur"),
    "business_monthly_eur": Price("prod_business", 185_00, "month", "eur"),
    "starter_monthly_jpy": Price("prod_starter", 3_000, "month", "jpy"),
    "team_monthly_jpy": Price("prod_team", 9_000, "month", "jpy"),
    "business_monthly_jpy": Price("prod_business", 30_000, "month", "jpy"),
    "analytics_addon": Price("prod_analytics", 49_00),
    "credit_pack": Price("prod_credits", 15_00),
}


METER = "api_requests"
METER_ID = "mtr_test_apiRequests"
REQUESTS_PRICE = "price_requestsTeam"
ETON_YEAR = "price_etonBusiness"
ETON_REQUESTS = "price_etonRequests"
ETON_INCLUDED = 12_000_000


def by_use(tiers: list[dict[str, Any]], interval: str = "month") -> dict[str, Any]:
    """The form of a price for requests in graduated tiers. It has no lookup key: nobody can choose it by itself."""
    return {
        "product": "prod_requests",
        "currency": "usd",
        "recurring": {"interval": interval, "usage_type": "metered", "meter": METER_ID},
        "billing_scheme": "tiered",
        "tiers_mode": "graduated",
        "tiers": tiers,
    }


METERED_PRICES: dict[str, dict[str, Any]] = {
    REQUESTS_PRICE: by_use(
        [
            {"up_to": 50_000, "unit_amount": 0},
            {"up_to": 150_000, "unit_amount_decimal": "0.2"},
            {"up_to": "inf", "unit_amount_decimal": "0.1"},
        ]
    ),
    ETON_REQUESTS: by_use(
        [
            {"up_to": ETON_INCLUDED, "flat_amount": 6_000_00, "unit_amount": 0},
            {"up_to": "inf", "unit_amount_decimal": "0.05"},
        ],
        "year",
    ),
}


CONTRACT_PRICES: dict[str, Price] = {
    ETON_YEAR: Price("prod_business", 24_000_00, "year"),
}
"""Agreed with one customer: without lookup keys, so that nobody else is offered them."""


def price_id(lookup_key: str) -> str:
    """`starter_monthly` → `price_starterMonthly`."""
    first, *rest = lookup_key.split("_")
    return "price_" + first + "".join(part.title() for part in rest)
