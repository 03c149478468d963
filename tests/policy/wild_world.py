"""A small world for wild actions: four customers, one of them in yen, and charges of every kind beside what they need.

The numbers of the caps are written here, from the brief to the company; the law is told them, the oracle knows them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from billing.ids import SubscriptionId
from billing.money import Money
from policy.limits import CurrencyLimits
from tests.policy.house import SHIPPED, House, charge, furnish, invoice
from tests.policy.paper_house import PaperHouse
from tests.policy.stripe_twin import noon

PEOPLE: Final = ("cus_me", "cus_other", "cus_third", "cus_kenji")
OWNED: Final = {"cus_me": "one", "cus_other": "two", "cus_third": "three", "cus_kenji": "four"}
AMOUNTS: Final = {"aaa": 2000, "bbb": 9000, "ccc": 10_000, "ddd": 10_001, "eee": 700_000, "fff": 4000}
TWINS: Final = ("tw1", "tw2")
KINDS: Final = (*AMOUNTS, "eur", "jpy", "chf", "bad", "old", *TWINS)
CHARGE_AGE_DAYS: Final = 3
BILLED: Final = 1_500  # what the invoice "paid" of each customer came to, in their currency
OLD_DAYS: Final = 60  # of the charge "old": past the window of a request, within that of a duplicate


@dataclass(frozen=True)
class Caps:
    """Minor units of one currency."""

    refund: int
    credit: int
    promotion: int
    customer_month: int
    day: int
    card: int
    approval: int
    human_day: int


EURO: Final = Caps(10_000, 1_000, 10_000, 15_000, 40_000, 50_000, 500_000, 1_000_000)
CAPS: Final = {
    "usd": EURO,
    "eur": EURO,
    "gbp": EURO,
    "jpy": Caps(3_000, 500, 3_000, 4_000, 9_000, 6_000, 50_000, 90_000),
}

LIMITS: Final = SHIPPED.model_copy(
    update={
        "currency": {
            code: CurrencyLimits(
                per_refund=caps.refund,
                per_credit=caps.credit,
                per_promotion=caps.promotion,
                value_out_per_customer_month=caps.customer_month,
                value_out_per_day=caps.day,
                per_charge_to_card=caps.card,
                per_approval=caps.approval,
                approvals_per_human_day=caps.human_day,
            )
            for code, caps in CAPS.items()
        }
    }
)


def whole(kind: str) -> Money:
    """What a charge of this kind was for."""
    if kind in AMOUNTS:
        return Money(AMOUNTS[kind], "usd")
    return Money(5000, kind) if kind in ("eur", "jpy", "chf") else Money(1200, "usd")


def settle_in(house: House | PaperHouse) -> dict[str, str]:
    """Furnish the world and open the cases; returns each case with its customer. The first has three."""
    for customer, name in OWNED.items():
        furnish(house.stripe, customer, name)
        for kind in KINDS:
            house.stripe.charges[f"ch_{name}_{kind}"] = charge(
                f"ch_{name}_{kind}",
                whole(kind),
                customer=customer,
                created=noon() - timedelta(days=OLD_DAYS if kind == "old" else CHARGE_AGE_DAYS),
                amount_refunded=Money(0, whole(kind).currency),
                disputed=kind == "bad",
                **({"order": f"{name}-7"} if kind in TWINS else {}),
            )
    for kind in ("ending", "planned", "paused"):  # named as everybody else's
        found = house.stripe.subscriptions.pop(f"sub_{kind}")
        house.stripe.subscriptions[f"sub_one_{kind}"] = replace(found, id=SubscriptionId(f"sub_one_{kind}"))
    _larger(house, "in_three", Money(60_000, "usd"))
    _larger(house, "in_four", Money(5_500, "jpy"))
    for customer, name in OWNED.items():
        came_to = Money(BILLED, "jpy" if name == "four" else "usd")
        for kind, status in (("paid", "paid"), ("void", "void")):
            told = {"customer": customer, "status": status, "total": came_to, "amount_remaining": came_to - came_to}
            house.stripe.invoices[f"in_{name}_{kind}"] = invoice(f"in_{name}_{kind}", **told)
    kenji = house.stripe.customers["cus_kenji"]
    house.stripe.customers[kenji.id] = replace(kenji, balance=Money(0, "jpy"))
    for price, due in (("team", 4_000), ("business", 60_000), ("free", -1_500)):
        house.stripe.due[("sub_four", f"price_{price}")] = Money(due, "jpy")
    return {house.case(customer): customer for customer in ("cus_me", "cus_me", *PEOPLE)}


def _larger(house: House | PaperHouse, id_: str, due: Money) -> None:
    house.stripe.invoices[id_] = replace(house.stripe.invoices[id_], total=due, amount_remaining=due)
