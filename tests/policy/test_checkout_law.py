"""New Checkout links: only for what expired and was not bought since, at today's prices, and nothing is paid by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.checkouts import CheckoutItem, TodaysPrice
from billing.money import Money
from policy.decisions import Allow, Deny, NeedsApproval
from policy.settlement import Status
from tests.policy.asked import ask, ask_approved, checkout_case
from tests.policy.house import ME, House, checkout, session, usd

ADDON = session().items[0]
SEATS = CheckoutItem("price_seat", "prod_seat", "Seat", 3, usd(2700))


def todays(amount: Money | None = None, *, active: bool = True) -> tuple[TodaysPrice, ...]:
    return (TodaysPrice("price_addon", active=active, amount=amount),)


DENIED: list[tuple[str, Any, str]] = [
    ("checkout.not_found", checkout_case(session=None, prices=()), "cannot find that link"),
    ("checkout.complete", checkout_case(session=session(status="complete")), "completed it for Analytics add-on"),
    ("checkout.open", checkout_case(session=session(status="open")), "still works"),
    ("checkout.open", checkout_case(session=session(status="paused")), "still works"),
    ("checkout.bought_since", checkout_case(later=session("cs_2", status="complete")), "bought Analytics add-on"),
    ("checkout.open_since", checkout_case(later=session("cs_2", status="open")), "is open already"),
    ("checkout.setup", checkout_case(session=session(mode="setup", items=()), prices=()), "changing the card"),
    (
        "checkout.subscribed",
        checkout_case(session=session(mode="subscription"), subscribed=("prod_addon",)),
        "a second one would be billed",
    ),
    ("checkout.besides", checkout_case(session=session(besides=("discount",))), "special terms"),
    ("checkout.besides", checkout_case(session=session(whole=False)), "special terms"),
    ("checkout.price_gone", checkout_case(prices=todays(usd(4900), active=False)), "no longer sold"),
    ("checkout.price_gone", checkout_case(prices=todays(active=False)), "no longer sold"),
    ("checkout.price_unclear", checkout_case(prices=todays(None)), "depends on use"),
    ("checkout.price_unclear", checkout_case(session=session(items=()), prices=()), "depends on use"),
    ("checkout.price_unclear", checkout_case(session=session(items=(ADDON, SEATS))), "depends on use"),
    (
        "checkout.price_unclear",
        checkout_case(
            session=session(items=(ADDON, SEATS)),
            prices=(*todays(usd(4900)), TodaysPrice("price_seat", active=True, amount=Money(2700, "eur"))),
        ),
        "depends on use",
    ),
]


@pytest.mark.parametrize(("rule", "facts", "said"), DENIED)
def test_a_denial_names_its_rule_and_says_why(rule: str, facts: Any, said: str) -> None:
    denied = ask_approved(checkout(), facts)
    assert isinstance(denied, Deny)
    assert denied.rule == rule
    assert said in denied.customer_reason
    assert denied.remedy is not None


@pytest.mark.parametrize(
    ("rule", "facts", "said"),
    [
        ("checkout.price_changed", checkout_case(prices=todays(usd(5900))), "at $59.00, in place of the one"),
        ("checkout.price_changed", checkout_case(prices=todays(usd(100))), "at $1.00, in place of the one"),
        ("checkout.price_changed", checkout_case(prices=todays(Money(4900, "eur"))), "at €49.00"),
        (
            "checkout.subscription",
            checkout_case(session=session(mode="subscription")),
            "for Analytics add-on at $49.00",
        ),
    ],
)
def test_another_price_and_a_subscription_are_a_humans(rule: str, facts: Any, said: str) -> None:
    asked = ask(checkout(), facts)
    assert isinstance(asked, NeedsApproval)
    assert asked.rule == rule
    assert said in asked.shown
    approved = ask_approved(checkout(), facts)
    assert isinstance(approved, Allow)
    assert (approved.approval, approved.value) == ("appr_1", None)


@pytest.mark.parametrize(
    "facts",
    [
        checkout_case(),
        checkout_case(subscribed=("prod_addon",)),  # bought once: a subscription of it does not stand in the way
        checkout_case(
            session=session(items=(ADDON, SEATS)),
            prices=(*todays(usd(4900)), TodaysPrice("price_seat", active=True, amount=usd(2700))),
        ),
    ],
)
def test_an_expired_one_is_made_anew_without_asking_and_moves_nothing(facts: Any) -> None:
    allowed = ask(checkout(), facts)
    assert isinstance(allowed, Allow)
    assert (allowed.rule, allowed.value, allowed.confirmation) == ("checkout.expired", None, None)
    assert [(each.budget, each.amount, each.cap) for each in allowed.reservations] == [
        (f"links:{ME}:2026-11-20", 1, 10)
    ]


async def test_asked_twice_there_is_one_link_and_it_is_told_again(house: House) -> None:
    case = house.case()
    first = house.propose(case, checkout())
    made = await house.gate.submit(first)
    assert (made.status, made.receipt and made.receipt.secret) == (
        Status.SUCCEEDED,
        "https://checkout.example/cs_one_0",
    )
    again = await house.gate.submit(first)
    assert again.receipt == made.receipt
    second = await house.ask(checkout(), case)
    assert (second.status, second.decision.rule) == (Status.REFUSED, "checkout.open_since")
    house.clock.pass_(hours=25)
    third = await house.ask(checkout(), case)
    assert third.status is Status.SUCCEEDED
    assert [each.target for each in house.stripe.made] == ["cs_one", "cs_one"]
    house.must_balance()


async def test_once_bought_it_is_not_sold_again(house: House) -> None:
    await house.ask(checkout())
    owner, opened = house.stripe.checkouts["cs_one_0"]
    house.stripe.checkouts["cs_one_0"] = (owner, replace(opened, status="complete"))
    house.clock.pass_(days=30)
    assert (await house.ask(checkout())).decision.rule == "checkout.bought_since"
    assert (await house.ask(checkout("cs_one_0"))).decision.rule == "checkout.complete"


async def test_a_link_told_again_days_later_is_looked_up_and_never_made_anew(house: House) -> None:
    proposal = house.propose(house.case(), checkout())
    made = await house.gate.submit(proposal)
    calls = len(house.stripe.calls)
    house.clock.pass_(days=3)
    told = await house.gate.submit(proposal)
    assert (told.status, told.receipt) == (Status.SUCCEEDED, made.receipt)
    assert len(house.stripe.calls) == calls
    house.stripe.find_faults.append("down")
    without = await house.gate.submit(proposal)
    assert without.status is Status.SUCCEEDED
    assert without.receipt is not None
    assert without.receipt.secret is None


async def test_links_share_the_days_limit(house: House) -> None:
    for n in range(10):
        old = session(f"cs_one_old{n}", items=(replace(ADDON, product=f"prod_{n}"),))
        house.stripe.checkouts[old.id] = (ME, old)
        assert (await house.ask(checkout(old.id))).status is Status.SUCCEEDED
    eleventh = await house.ask(checkout())
    assert (eleventh.status, eleventh.decision.rule) == (Status.WAITING, "link.count")
    house.clock.pass_(days=1)
    assert (await house.ask(checkout())).status is Status.SUCCEEDED
    house.must_balance()


def test_the_sentence_names_the_day_the_old_one_died() -> None:
    old = session(expires_at=session().created + timedelta(days=1))
    asked = ask(checkout(), checkout_case(session=old, prices=todays(usd(1))))
    assert isinstance(asked, NeedsApproval)
    assert asked.shown == (
        "Make a new Checkout link for Analytics add-on at $0.01, in place of the one that expired on 18 November 2026."
    )
