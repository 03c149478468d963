"""What a payment link may be asked for, and a link in its plainest state.

docs.stripe.com/api/payment-link/create
"""

from sandbox.checkout_items import ITEM, QUANTITY
from sandbox.checkout_terms import PAYMENT_DATA, TRIAL, no_invoice
from sandbox.errors import invalid_request
from sandbox.parameters import Boolean, Choice, Fields, Integer, Kind, Many, Metadata, Text
from sandbox.world import Json

MOST_ITEMS = 20

_SHARED: dict[str, Kind] = {
    "after_completion": Fields(
        {
            "type": Choice(("hosted_confirmation", "redirect"), required=True),
            "hosted_confirmation": Fields({"custom_message": Text(max_length=500)}),
            "redirect": Fields({"url": Text(required=True)}),
        }
    ),
    "allow_promotion_codes": Boolean(),
    "customer_creation": Choice(("always", "if_required")),
    "metadata": Metadata(),
    "submit_type": Choice(("auto", "book", "donate", "pay", "subscribe")),
}
_LIMIT = {"completed_sessions": Fields({"limit": Integer(minimum=1, required=True)}, required=True)}
CREATE: dict[str, Kind] = {
    **_SHARED,
    "inactive_message": Text(max_length=500),
    "line_items": Many(Fields(ITEM), max_items=MOST_ITEMS, required=True),
    "payment_intent_data": PAYMENT_DATA,
    "restrictions": Fields(_LIMIT),
    "subscription_data": Fields({"description": Text(), "metadata": Metadata(), **TRIAL}),
}
UPDATE: dict[str, Kind] = {
    **_SHARED,
    "active": Boolean(),
    "inactive_message": Text(max_length=500, clearable=True),
    "line_items": Many(Fields({"id": Text(required=True), "quantity": QUANTITY}), max_items=MOST_ITEMS),
    "restrictions": Fields(_LIMIT, clearable=True),
}


def check(given: Json, mode: str) -> None:
    """Raises StripeError 400 for parameters that do not go with what is sold: once, or again and again."""
    wrong = {"payment": "subscription_data", "subscription": "payment_intent_data"}[mode]
    if wrong in given:
        raise invalid_request(f"You can not pass `{wrong}` in `{mode}` mode.", param=wrong)
    if mode == "subscription" and "customer_creation" in given:
        raise invalid_request("`customer_creation` can only be used in `payment` mode.", param="customer_creation")


def completion(given: Json | None) -> Json:
    """`after_completion`: what becomes of a customer who has paid."""
    if given is None or given["type"] == "hosted_confirmation":
        message = ((given or {}).get("hosted_confirmation") or {}).get("custom_message")
        return {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": message}}
    if "redirect" not in given:
        raise invalid_request(
            "`after_completion[redirect]` must be set when `type` is `redirect`.",
            param="after_completion[redirect]",
            code="parameter_missing",
        )
    return {"type": "redirect", "redirect": {"url": given["redirect"]["url"]}}


def restrictions(given: Json | None, count: int = 0) -> Json | None:
    """`restrictions`, with how many sessions have counted so far."""
    return given and {"completed_sessions": {"count": count, "limit": given["completed_sessions"]["limit"]}}


def payment_data(given: Json | None) -> Json | None:
    """`payment_intent_data` as it is shown."""
    return given and {
        "capture_method": None,
        "description": given.get("description"),
        "metadata": given.get("metadata") or {},
        "setup_future_usage": given.get("setup_future_usage"),
        "statement_descriptor": given.get("statement_descriptor"),
        "statement_descriptor_suffix": None,
        "transfer_group": None,
    }


def subscription_data(given: Json) -> Json:
    """`subscription_data` as it is shown, of every link that begins subscriptions."""
    return {
        "description": given.get("description"),
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"account": None, "type": "self"},
        },
        "metadata": given.get("metadata") or {},
        "trial_period_days": given.get("trial_period_days"),
        "trial_settings": given.get("trial_settings"),
    }


def blank(mode: str) -> Json:
    """All fields of a link in their plainest state."""
    return {
        "active": True,
        "application": None,
        "application_fee_amount": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_address_collection": "auto",
        "consent_collection": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_creation": "if_required" if mode == "payment" else "always",
        "invoice_creation": no_invoice() if mode == "payment" else None,
        "managed_payments": None,
        "name_collection": None,
        "on_behalf_of": None,
        "optional_items": None,
        "payment_method_collection": "always",
        "payment_method_options": None,
        "payment_method_types": None,
        "phone_number_collection": {"enabled": False},
        "shipping_address_collection": None,
        "shipping_options": [],
        "tax_id_collection": {"enabled": False, "required": "never"},
        "transfer_data": None,
        "url": "",
    }
