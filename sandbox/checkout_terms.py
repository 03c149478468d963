"""What a Checkout session may be asked for, and the rules between its parameters.

docs.stripe.com/api/checkout/sessions/create
"""

from sandbox import customers
from sandbox.calls import Call
from sandbox.checkout_discounts import DISCOUNTS
from sandbox.checkout_items import ITEM
from sandbox.errors import invalid_request
from sandbox.parameters import Boolean, Choice, Currency, Fields, Integer, Kind, Many, Metadata, Text, Timestamp
from sandbox.periods import SECONDS_PER_DAY, SECONDS_PER_HOUR
from sandbox.world import Json

SHORTEST = SECONDS_PER_HOUR // 2
LONGEST = SECONDS_PER_DAY

_OF_A_MODE = {
    "payment_intent_data": ("payment",),
    "subscription_data": ("subscription",),
    "setup_intent_data": ("setup",),
    "customer_creation": ("payment", "setup"),
    "line_items": ("payment", "subscription"),
    "discounts": ("payment", "subscription"),
    "allow_promotion_codes": ("payment", "subscription"),
}
_EITHER = (
    ("customer", "customer_email"),
    ("customer", "customer_creation"),
    ("allow_promotion_codes", "discounts"),
)


_DESCRIBED: dict[str, Kind] = {"description": Text(), "metadata": Metadata()}
TRIAL_SETTINGS = Fields(
    {
        "end_behavior": Fields(
            {"missing_payment_method": Choice(("cancel", "create_invoice", "pause"), required=True)}, required=True
        )
    }
)
TRIAL: dict[str, Kind] = {
    "trial_period_days": Integer(minimum=1, maximum=730),
    "trial_settings": TRIAL_SETTINGS,
}
PAYMENT_DATA = Fields(
    {
        **_DESCRIBED,
        "setup_future_usage": Choice(("off_session", "on_session")),
        "statement_descriptor": Text(max_length=22),
    }
)
CREATE: dict[str, Kind] = {
    "after_expiration": Fields(
        {"recovery": Fields({"enabled": Boolean(required=True), "allow_promotion_codes": Boolean()})}
    ),
    "allow_promotion_codes": Boolean(),
    "cancel_url": Text(),
    "client_reference_id": Text(max_length=200),
    "currency": Currency(),
    "customer": Text(),
    "customer_creation": Choice(("always", "if_required")),
    "customer_email": Text(max_length=800),
    "discounts": DISCOUNTS,
    "expires_at": Timestamp(),
    "line_items": Many(Fields({**ITEM, "metadata": Metadata()})),
    "metadata": Metadata(),
    "mode": Choice(("payment", "setup", "subscription"), required=True),
    "payment_intent_data": Fields({**PAYMENT_DATA.spec, "receipt_email": Text()}),
    "setup_intent_data": Fields(_DESCRIBED),
    "submit_type": Choice(("auto", "book", "donate", "pay", "subscribe")),
    "subscription_data": Fields({**_DESCRIBED, **TRIAL, "trial_end": Timestamp()}),
    "success_url": Text(required=True),
    "ui_mode": Choice(("hosted_page",)),
}


def check(call: Call) -> None:
    """Raises StripeError 400 for parameters that do not go together."""
    given = call.params
    mode = given["mode"]
    for name, modes in _OF_A_MODE.items():
        if name in given and mode not in modes:
            raise invalid_request(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if mode != "setup" and "line_items" not in given:
        raise invalid_request("Missing required param: line_items.", param="line_items", code="parameter_missing")
    if mode == "setup" and "currency" not in given:
        raise invalid_request("Missing required param: currency.", param="currency", code="parameter_missing")
    for one, other in _EITHER:
        if one in given and other in given:
            raise invalid_request(f"You may only specify one of these parameters: {one}, {other}.", param=one)
    if "customer" in given:
        customers.living(call, given["customer"], "customer")
    data = given.get("subscription_data", {})
    if "trial_end" in data and "trial_period_days" in data:
        raise invalid_request(
            "You may only specify one of these parameters: trial_end, trial_period_days.",
            param="subscription_data[trial_end]",
        )
    if "trial_end" in data and data["trial_end"] < call.now + 2 * SECONDS_PER_DAY:
        raise invalid_request(
            "The `trial_end` date has to be at least 2 days in the future.", param="subscription_data[trial_end]"
        )
    lasts = given.get("expires_at", call.now + LONGEST) - call.now
    if lasts < SHORTEST:
        raise invalid_request(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if lasts > LONGEST:
        raise invalid_request(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )


def blank() -> Json:
    """All fields of a session in their plainest state."""
    return {
        "adaptive_pricing": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_account": None,
        "discounts": [],
        "invoice": None,
        "invoice_creation": None,
        "locale": None,
        "origin_context": None,
        "payment_intent": None,
        "payment_method_collection": "always",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "saved_payment_method_options": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "subscription": None,
        "ui_mode": "hosted_page",
        "url": None,
        "wallet_options": None,
    }


def no_invoice() -> Json:
    """`invoice_creation` of a session that pays without an invoice."""
    return {
        "enabled": False,
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": None,
            "metadata": {},
            "rendering_options": None,
        },
    }
