"""Object ids: Stripe's prefix for each object type, then 24 characters.

The prefixes are those of the examples at docs.stripe.com/api. A new object type needs one line here; nothing else in
the engine knows prefixes.
"""

import random
import secrets
import string

PREFIXES: dict[str, str] = {
    "balance_transaction": "txn",
    "billing.meter": "mtr_test",
    "billing.meter_event": "mev",
    "billing_portal.configuration": "bpc",
    "billing_portal.session": "bps",
    "charge": "ch",
    "checkout.session": "cs_test",
    "coupon": "co",
    "credit_note": "cn",
    "credit_note_line_item": "cnli",
    "customer": "cus",
    "customer_balance_transaction": "cbtxn",
    "discount": "di",
    "dispute": "du",
    "event": "evt",
    "invoice": "in",
    "invoice_payment": "inpay",
    "invoiceitem": "ii",
    "item": "li",
    "line_item": "il",
    "payment_intent": "pi",
    "payment_link": "plink",
    "payment_method": "pm",
    "price": "price",
    "product": "prod",
    "promotion_code": "promo",
    "refund": "re",
    "request": "req",
    "setup_intent": "seti",
    "subscription": "sub",
    "subscription_item": "si",
    "tax_id": "txi",
    "subscription_schedule": "sub_sched",
    "tax_rate": "txr",
    "test_helpers.test_clock": "clock",
    "token": "tok",
    "webhook_endpoint": "we",
}

TYPES_BY_PREFIX: dict[str, str] = {prefix: type_ for type_, prefix in PREFIXES.items()}

_ALPHABET = string.ascii_letters + string.digits


def type_of(id_: str) -> str | None:
    """The object type an id belongs to, or None when the prefix is unknown."""
    return TYPES_BY_PREFIX.get(id_.rpartition("_")[0])


def make_id(type_: str, *, seed: str | None = None, ordinal: int = 0) -> str:
    """A new id. With a seed it depends only on (seed, type, ordinal), so a replayed world has the same ids."""
    prefix = PREFIXES[type_]
    return f"{prefix}_{make_secret(24, seed=seed, label=type_, ordinal=ordinal)}"


def make_secret(length: int, *, seed: str | None = None, label: str = "", ordinal: int = 0) -> str:
    """`length` alphanumeric characters: for ids, client secrets and fingerprints."""
    if seed is None:
        return "".join(secrets.choice(_ALPHABET) for _ in range(length))
    chooser = random.Random(f"{seed}/{label}/{ordinal}")
    return "".join(chooser.choice(_ALPHABET) for _ in range(length))
