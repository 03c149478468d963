"""An oracle that cannot object is worth nothing: under a law with one number loosened it does, and says what is wrong.

Under the law as it is the same wishes end without an objection.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policy import law, reservation
from policy.limits import Limits
from policy.proposals import Role
from policy.rules import LAWS
from tests.databases import Databases
from tests.policy import paper_house
from tests.policy.house import build, noon
from tests.policy.paper_house import PaperHouse
from tests.policy.wild_actions import PARTS
from tests.policy.wild_turns import Play
from tests.policy.wild_world import LIMITS

Loosen = Callable[[Limits], Limits]
Wish = tuple[dict[str, Any], int, str | None]  # arguments, how many yeses, which human may give one


def refund(kind: str, amount: int | None = None, twin: str | None = None, **more: Any) -> dict[str, Any]:
    grounds = "duplicate" if twin else "requested_by_customer"
    other = f"ch_one_{twin}" if twin else None
    return {
        "tool": "refund",
        "charge": f"ch_one_{kind}",
        "amount": amount,
        "grounds": grounds,
        "duplicate_of": other,
        **more,
    }


def retry(name: str) -> dict[str, Any]:
    return {"tool": "retry_payment", "invoice": f"in_{name}", "payment_method": None}


def change(price: str, due: int, late: int = 0) -> dict[str, Any]:
    at = int(noon().timestamp()) - late
    return {"tool": "change_plan", "subscription": "sub_one", "price": price, "proration_date": at, "amount_due": due}


def credit(amount: int, invoice: str | None = None) -> dict[str, Any]:
    return {"tool": "account_credit", "amount": amount, "grounds": "goodwill", "invoice": invoice}


def details(**parts: str) -> dict[str, Any]:
    return {"tool": "update_billing_details", **dict.fromkeys(PARTS), **parts}


def vat(value: str) -> dict[str, Any]:
    return {"tool": "set_tax_id", "type": "eu_vat", "value": value}


def promo(code: str) -> dict[str, Any]:
    return {"tool": "apply_promotion_code", "subscription": "sub_one", "code": code}


LINK = {"tool": "card_update_link"}
CANCEL = {"tool": "cancel_subscription", "subscription": "sub_one", "when": "now"}
MUCH = 10**9


def money(**changes: int) -> Loosen:
    def loosen(limits: Limits) -> Limits:
        return limits.model_copy(
            update={"currency": {code: each.model_copy(update=changes) for code, each in limits.currency.items()}}
        )

    return loosen


def part(name: str, **changes: Any) -> Loosen:
    return lambda limits: limits.model_copy(update={name: getattr(limits, name).model_copy(update=changes)})


def francs(limits: Limits) -> Limits:
    return limits.model_copy(update={"currency": {**limits.currency, "chf": limits.currency["eur"]}})


def together(*some: Loosen) -> Loosen:
    def loosen(limits: Limits) -> Limits:
        for each in some:
            limits = each(limits)
        return limits

    return loosen


ONE = money(value_out_per_customer_month=MUCH)
LOOSENED: list[tuple[str, Loosen, list[Wish]]] = [
    ("more than the cap of one refund", money(per_refund=MUCH), [(refund("ddd"), 0, None)]),
    ("more than the cap of one credit", money(per_credit=MUCH), [(credit(1001), 0, None)]),
    ("worth more than the cap", together(ONE, money(per_promotion=MUCH)), [(promo("YEARFREE"), 1, None)]),
    ("over the cap of ('out', 'cus_me'", ONE, [(refund("bbb"), 0, None), (refund("ccc"), 0, None)]),
    (
        "over the cap of ('out', 'usd'",
        together(ONE, money(per_credit=MUCH, value_out_per_day=MUCH)),
        [(credit(9000), 0, None)] * 5,
    ),
    ("charged more than the cap", money(per_charge_to_card=MUCH), [(change("price_business", 60_000), 1, None)]),
    ("more than one approval may carry", money(per_approval=MUCH), [(refund("eee"), 1, "hanna")]),
    (
        "more than a human may approve a day",
        money(approvals_per_human_day=MUCH),
        [(refund("eee", 400_000), 1, "hanna"), (refund("eee", 300_000), 1, "hanna"), (credit(400_000), 1, "hanna")],
    ),
    (
        "more refunds than 2",
        part("refund", refunds_per_customer_month=99),
        [(refund(k), 0, None) for k in ("aaa", "fff", "tw1")],
    ),
    ("too old", part("refund", request_window_days=99), [(refund("old"), 0, None)]),
    ("more retries than 3", part("retry", attempts_per_invoice_day=99), [(retry("one"), 1, None)] * 4),
    ("more links than 10", part("links", per_customer_day=99), [(LINK, 0, None)] * 11),
    (
        "more changes of details than 3",
        part("details", changes_per_customer_day=99),
        [(details(name=f"N{n}"), 1, None) for n in range(4)],
    ),
    ("a new e-mail", part("details", email_by_lee=True), [(details(email="x@y.org"), 1, None)]),
    (
        "another country",
        part("details", country_by_lee=True),
        [(details(line1="Rue 1", city="Paris", postal_code="75001", country="FR"), 1, None)],
    ),
    (
        "by a preview that no longer holds",
        part("plan_change", preview_valid_hours=99),
        [(change("price_team", 4000, 90_000), 1, None)],
    ),
    ("in a currency without caps", francs, [(refund("chf"), 0, None)]),
]


@pytest.fixture(params=["stored", "on paper"])
def worlds(request: pytest.FixtureRequest, tmp_path: Path, databases: Databases) -> Iterator[Callable[[Limits], Play]]:
    opened: list[Play] = []

    def open_(limits: Limits) -> Play:
        stored = request.param == "stored"
        folder = tmp_path / f"house{len(opened)}"
        house = build(folder, databases, limits=limits) if stored else PaperHouse(limits)
        opened.append(Play(house, random.Random(1), Counter()))
        return opened[-1]

    yield open_
    for each in opened:
        each.house.close()


async def wish(world: Play, wishes: list[Wish]) -> list[str]:
    if len(wishes) == 4 and wishes[0][0] == retry("one"):
        world.house.stripe.declines["pm_one"] = "insufficient_funds"
    for told, yeses, human in wishes:
        world.house.clock.pass_(seconds=1)
        proposal = world.propose(world.cases[0], told)
        assert proposal is not None
        await world.insist(proposal, yeses, human)
    return world.oracle.violations()


@pytest.mark.parametrize(("words", "loosen", "wishes"), LOOSENED, ids=[words for words, _, _ in LOOSENED])
async def test_it_objects_under_a_looser_law(
    worlds: Callable[[Limits], Play], words: str, loosen: Loosen, wishes: list[Wish]
) -> None:
    assert await wish(worlds(LIMITS), wishes) == []
    found = await wish(worlds(loosen(LIMITS)), wishes)
    assert any(each.startswith(words) for each in found), found


@pytest.mark.parametrize(
    ("words", "asked", "human"),
    [("without its own yes", CANCEL, None), ("more than the cap of one refund", refund("ddd"), "hanna")],
)
async def test_a_yes_that_ran_out(
    worlds: Callable[[Limits], Play], words: str, asked: dict[str, Any], human: str | None
) -> None:
    for_ever = part("consent", confirmation_valid_hours=9_999, approval_valid_hours=9_999)
    for limits, objects in ((LIMITS, False), (for_ever(LIMITS), True)):
        world = worlds(limits)
        proposal = world.propose(world.cases[0], asked)
        assert proposal is not None
        await world.insist(proposal, 0)
        world.says(proposal, human)
        world.house.clock.pass_(hours=72, seconds=1)
        await world.insist(proposal, 0)
        assert any(each.startswith(words) for each in world.oracle.violations()) == objects


async def test_a_role_that_may_not_spend(worlds: Callable[[Limits], Play]) -> None:
    everybody = LIMITS.model_copy(update={"billing_roles": frozenset(Role)})
    for limits, objects in ((LIMITS, False), (everybody, True)):
        world = worlds(limits)
        proposal = world.propose(world.cases[0], refund("aaa"), Role.VIEWER)
        assert proposal is not None
        await world.insist(proposal, 0)
        assert any(each.startswith("a role that may not spend") for each in world.oracle.violations()) == objects


LAWLESS: list[tuple[str, list[Wish]]] = [
    ("without its own yes", [(CANCEL, 0, None)]),
    ("not a duplicate", [(refund("aaa", twin="bbb"), 0, None)]),
    ("of a disputed charge", [(refund("bad"), 0, None)]),
    ("a second refund in one case", [(refund("aaa", 100), 0, None), (refund("aaa", 100), 0, None)]),
    ("on another customer's object", [({**refund("aaa"), "charge": "ch_two_aaa"}, 0, None)]),
    ("another amount than shown", [(change("price_team", 1), 1, None)]),
    ("a subscription that ends", [(CANCEL, 1, None), (change("price_team", 4000), 1, None)]),
    ("two discounts on one subscription", [(promo("WELCOME20"), 1, None), (promo("MINE-one"), 1, None)]),
    ("another's code", [(promo("MINE-two"), 1, None)]),
    ("one invoice paid twice", [(retry("one"), 1, None), (retry("one"), 1, None)]),
    ("credited more than the invoice came to", [(credit(1_501, "in_one_paid"), 1, "hanna")]),
    ("a second credit for one invoice", [(credit(1, "in_one_paid"), 0, None), (credit(1, "in_one_paid"), 0, None)]),
    ("for what was never billed", [(credit(1, "in_one_void"), 0, None)]),
    ("for another customer's invoice", [(credit(1, "in_two_paid"), 0, None)]),
]


@pytest.mark.parametrize(("words", "wishes"), LAWLESS, ids=[words for words, _ in LAWLESS])
async def test_it_objects_without_any_rule(
    worlds: Callable[[Limits], Play], monkeypatch: pytest.MonkeyPatch, words: str, wishes: list[Wish]
) -> None:
    """Every law without its denials and approvals; the honest Stripe is told to let it through as well."""
    assert await wish(worlds(LIMITS), wishes) == []
    bare = {action: replace(each, denials=(), approvals=()) for action, each in LAWS.items()}
    if words == "without its own yes":
        bare = {action: replace(each, confirmation_rule=None) for action, each in bare.items()}
    for where in (reservation, paper_house):
        monkeypatch.setattr(where, "LAWS", bare)
    world = worlds(LIMITS)
    _blind(world, monkeypatch)
    found = await wish(world, wishes)
    assert any(each.startswith(words) for each in found), found


def _blind(world: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Stripe that shows everybody everything and refuses nothing that it can carry out."""
    stripe = world.house.stripe
    me = stripe.customers["cus_me"].id
    for name, each in stripe.charges.items():
        stripe.charges[name] = replace(each, disputed=False, customer=me)
    stripe.invoices.update({name: replace(each, customer=me) for name, each in stripe.invoices.items()})
    mine = stripe.codes["MINE-two"]
    stripe.codes["MINE-two"] = (replace(mine[0], customer=None), *mine[1:])
    before = dict(stripe.invoices)

    def reopen(_: Any) -> None:
        stripe.invoices.update(before)

    stripe.before_commit = reopen
    monkeypatch.setattr(law, "own_customer", lambda q: None)
