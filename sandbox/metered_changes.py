"""A metered price that is changed or removed within its period (docs.stripe.com/billing/subscriptions/usage-based/
manage-billing-setup): what was used so far is billed at the old price, and the new one counts from then on."""

from sandbox.calls import Call
from sandbox.invoice_items import store
from sandbox.invoice_lines import pricing_of
from sandbox.metered_lines import usage_description, usage_start, used
from sandbox.periods import Period
from sandbox.price_amounts import parts_for
from sandbox.subscription_items import is_metered
from sandbox.world import Json


def bill_use_so_far(call: Call, subscription: Json, items: list[Json]) -> None:
    """Pending invoice items for the use of the metered ones among `items`, until now."""
    for item in filter(is_metered, items):
        period = Period(usage_start(item), call.now)
        units = used(call, subscription, item, period)
        if not units:
            continue
        for part in parts_for(item["price"], units):
            store(
                call,
                {
                    "amount": part.amount,
                    "currency": subscription["currency"],
                    "customer": subscription["customer"],
                    "description": usage_description(call, item["price"], part),
                    "metadata": dict(subscription["metadata"]),
                    "parent": {
                        "subscription_details": {"subscription": subscription["id"], "subscription_item": item["id"]},
                        "type": "subscription_details",
                    },
                    "period": {"end": period.end, "start": period.start},
                    "pricing": pricing_of(item["price"]) | {"unit_amount_decimal": part.unit_amount_decimal},
                    "proration_details": None,
                    "quantity": part.quantity,
                },
            )
