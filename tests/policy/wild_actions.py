"""Whatever a model may propose: any action, on anybody's objects, with likely and unlikely arguments, and plain noise.

Everything comes from a `random.Random`, so that a seed tells the whole of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from tests.policy.stripe_twin import noon
from tests.policy.wild_world import KINDS, OWNED

Arguments = dict[str, Any]
PARTS: Final = ("name", "email", "line1", "line2", "city", "state", "postal_code", "country")
NAMES: Final = (*OWNED.values(), "nobody")
NUMBERS: Final = ("DE123456789", "de 123.456.789", "DE999999999", "FR12345678901", "DE12", "GB123456789")
CODES: Final = ("WELCOME20", "YEARFREE", "NOWHERE", *(f"MINE-{name}" for name in OWNED.values()))
NOISE: Final = (
    None,
    -1,
    0,
    1.5,
    float("nan"),
    "100",
    True,
    10**30,
    "",
    "ch_",
    [],
    {},
    "\ud800",
    "Robert'); DROP TABLE",
)


def wild_action(rng: random.Random) -> Arguments:
    """A tool and its arguments, as JSON would carry them."""
    told = rng.choice(WEIGHED)(rng)
    if rng.random() < 0.03:
        told[rng.choice([*told, "more"])] = rng.choice(NOISE)
    return told


def own(told: Arguments, customer: str) -> Arguments:
    """The same wish for the customer's own objects: far more of these reach Stripe."""

    def mine(value: Any) -> Any:
        words = value.split("_") if isinstance(value, str) else []
        if len(words) < 2 or words[1] not in NAMES:
            return value
        return "_".join([words[0], OWNED[customer], *words[2:]])

    return {name: mine(value) for name, value in told.items()}


def _refund(rng: random.Random) -> Arguments:
    charge = f"ch_{rng.choice(NAMES)}_{rng.choice(KINDS)}"
    amount = rng.choice([None, None, 1, 1000, 1999, 2000, 2001, 3000, 3001, 5000, 10_000, 10_001, 99_999_999])
    return {
        "tool": "refund",
        "charge": charge,
        "amount": amount,
        "grounds": rng.choice(["requested_by_customer"] * 3 + ["duplicate"]),
        "duplicate_of": rng.choice([None, f"ch_{rng.choice(NAMES)}_{rng.choice(KINDS)}"]),
    }


def _twin(rng: random.Random) -> Arguments:
    name, pair = rng.choice(NAMES), rng.sample(["tw1", "tw2"], 2)
    told = {"charge": f"ch_{name}_{pair[0]}", "duplicate_of": f"ch_{name}_{pair[1]}"}
    return {"tool": "refund", **told, "amount": rng.choice([None, 600]), "grounds": "duplicate"}


def _retry(rng: random.Random) -> Arguments:
    card = rng.choice([None, None, f"pm_{rng.choice(NAMES)}"])
    kind = rng.choice(["", "", "", "", "_paid", "_void"])
    return {"tool": "retry_payment", "invoice": f"in_{rng.choice(NAMES)}{kind}", "payment_method": card}


def _change(rng: random.Random) -> Arguments:
    price, due = rng.choice([("team", 4_000), ("business", 60_000), ("free", -1_500), ("nowhere", 1)])
    return {
        "tool": "change_plan",
        "subscription": f"sub_{rng.choice(NAMES)}{rng.choice(['', '', '', '_planned', '_ending'])}",
        "price": f"price_{price}",
        "proration_date": int(noon().timestamp()) + rng.choice([0, 0, 0, -3_600, -90_000, 3_600, 86_400, 400_000]),
        "amount_due": rng.choice([due, due, due, due, 0, 1, -99_999_999]),
    }


def _cancel(rng: random.Random) -> Arguments:
    kind = rng.choice(["", "", "_ending", "_paused"])
    return {
        "tool": "cancel_subscription",
        "subscription": f"sub_{rng.choice(NAMES)}{kind}",
        "when": rng.choice(["period_end", "now"]),
    }


def _resume(rng: random.Random) -> Arguments:
    return {
        "tool": "resume_subscription",
        "subscription": f"sub_{rng.choice(NAMES)}{rng.choice(['', '_ending', '_paused'])}",
    }


def _undo(rng: random.Random) -> Arguments:
    return {"tool": "undo_scheduled_change", "subscription": f"sub_{rng.choice(NAMES)}{rng.choice(['', '_planned'])}"}


def _credit(rng: random.Random) -> Arguments:
    amount = rng.choice([1, 500, 501, 1000, 1001, 1_500, 1_501, 9_000, 99_999_999])
    told = {"tool": "account_credit", "amount": amount}
    grounds = rng.choice(["service_outage", "billing_error", "goodwill"])
    return {**told, "grounds": grounds, **rng.choice([{}, {"invoice": None}])}


def _credit_for(rng: random.Random) -> Arguments:
    """Towards an invoice that bears it out, or does not."""
    kind = rng.choice(["_paid", "_paid", "_paid", "", "_void"])
    return {
        **_credit(rng),
        "amount": rng.choice([1, 500, 501, 1_000, 1_500, 1_501]),
        "invoice": f"in_{rng.choice(NAMES)}{kind}",
    }


def _promo(rng: random.Random) -> Arguments:
    return {"tool": "apply_promotion_code", "subscription": f"sub_{rng.choice(NAMES)}", "code": rng.choice(CODES)}


def _details(rng: random.Random) -> Arguments:
    parts = {part: rng.choice(["DE", "FR", "x@y.org", "10115"]) for part in rng.sample(PARTS, rng.randint(1, 5))}
    return {"tool": "update_billing_details", **dict.fromkeys(PARTS), **parts}


def _address(rng: random.Random) -> Arguments:
    whole = {"line1": f"Hauptstr. {rng.randint(1, 9)}", "city": "Berlin", "postal_code": "10115"}
    parts = {**whole, "country": rng.choice(["DE", "FR", None]), "email": rng.choice([None, None, "x@y.org"])}
    return {"tool": "update_billing_details", **dict.fromkeys(PARTS), **parts}


def _tax_id(rng: random.Random) -> Arguments:
    return {"tool": "set_tax_id", "type": "eu_vat", "value": rng.choice(NUMBERS)}


def _checkout(rng: random.Random) -> Arguments:
    return {"tool": "new_checkout_link", "checkout_session": f"cs_{rng.choice(NAMES)}{rng.choice(['', '', '_0'])}"}


def _link(rng: random.Random) -> Arguments:
    return {"tool": "card_update_link"}


WEIGHED: Final[list[Callable[[random.Random], Arguments]]] = [
    *[_refund] * 5,
    _twin,
    *[_retry] * 2,
    *[_change] * 2,
    _cancel,
    *[_resume] * 2,
    *[_undo] * 2,
    *[_credit] * 2,
    *[_credit_for] * 2,
    *[_promo] * 2,
    _details,
    _address,
    _tax_id,
    _checkout,
    _link,
]
