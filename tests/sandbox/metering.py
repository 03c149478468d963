"""What the tests of billing by use share: a meter, prices over it, and short ways to report use."""

from typing import Any

import stripe

METER = "api_requests"
GRADUATED: list[dict[str, Any]] = [
    {"up_to": 50_000, "unit_amount_decimal": "0"},
    {"up_to": 150_000, "unit_amount_decimal": "0.2"},
    {"up_to": "inf", "unit_amount_decimal": "0.1"},
]


def meter(client: stripe.StripeClient, event_name: str = METER, formula: str = "sum") -> stripe.billing.Meter:
    return client.v1.billing.meters.create(
        {"display_name": "API requests", "event_name": event_name, "default_aggregation": {"formula": formula}}
    )


def metered_price(client: stripe.StripeClient, meter_id: str, **params: Any) -> stripe.Price:
    """In graduated tiers unless `params` say otherwise."""
    tiered = {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": GRADUATED}
    whole: Any = {
        "currency": "usd",
        "product_data": {"name": "API requests"},
        "recurring": {"interval": "month", "usage_type": "metered", "meter": meter_id},
        **(params or tiered),
    }
    return client.v1.prices.create(whole)


def use(client: stripe.StripeClient, customer: str, units: int, **params: Any) -> stripe.billing.MeterEvent:
    event_name = params.pop("event_name", METER)
    whole: Any = {
        "event_name": event_name,
        "payload": {"stripe_customer_id": customer, "value": str(units)},
        **params,
    }
    return client.v1.billing.meter_events.create(whole)
