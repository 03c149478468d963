"""The law of new Checkout links: what an expired one sold, at today's prices, unless it was bought or is open already.

Nothing is paid by making one. What a link may carry besides its items (a discount, a trial, taxes worked out on the
page) cannot all be read back from Stripe, so such a one is made by a human.
"""

from __future__ import annotations

from typing import Final

from billing.checkouts import CheckoutFacts, sold
from billing.money import Money
from policy.actions import NewCheckoutLink
from policy.decisions import Deny, FactValue, NeedsApproval, Reservation
from policy.facts import CheckoutCase, given
from policy.law import Law, moves_nothing
from policy.question import Question
from policy.shown import day

Q = Question[NewCheckoutLink, CheckoutCase]

BY_HAND: Final = "A colleague makes the link in Stripe's dashboard."


def _session(q: Q) -> CheckoutFacts:
    return given(q.facts.session, "a session")


def today(q: Q) -> Money | None:
    """What all items cost now; None where one has no single price, or prices differ in currency."""
    amounts = [each.amount for each in q.facts.prices]
    currencies = {each.currency for each in amounts if each is not None}
    if None in amounts or len(currencies) != 1:
        return None
    return Money(sum(each.amount for each in amounts if each is not None), currencies.pop())


def then(q: Q) -> Money | None:
    amounts = [each.amount for each in _session(q).items]
    currencies = {each.currency for each in amounts}
    if len(currencies) != 1:
        return None
    return Money(sum(each.amount for each in amounts), currencies.pop())


def _price(q: Q) -> Money:
    return given(today(q), "a clear price")


def not_found(q: Q) -> Deny | None:
    if q.facts.session is not None:
        return None
    return Deny(
        "checkout.not_found",
        "This customer has no such Checkout link.",
        {},
        "Name one of this customer's own links; list_checkout_links shows them.",
        customer_reason="I cannot find that link on your account.",
    )


def completed(q: Q) -> Deny | None:
    session = _session(q)
    if session.status != "complete":
        return None
    return Deny(
        "checkout.complete",
        "The link was used: what it sells is bought.",
        {"checkout_session": session.id},
        "Another purchase begins in the shop.",
        customer_reason=f"That link has been used already: you have completed it for {sold(session)}.",
        customer_remedy="If you want to buy it once more, begin in the shop.",
    )


def still_open(q: Q) -> Deny | None:
    session = _session(q)
    if session.status == "expired":
        return None
    return Deny(
        "checkout.open",
        f"The link is {session.status}: it works, so no second one is needed.",
        {"checkout_session": session.id, "status": session.status},
        "Give the customer the link itself, from list_checkout_links.",
        customer_reason=f"Your link for {sold(session)} still works.",
        customer_remedy="You can pay with that one.",
    )


def bought_or_open_since(q: Q) -> Deny | None:
    later = q.facts.later
    if later is None:
        return None
    facts: dict[str, FactValue] = {"checkout_session": q.action.checkout_session, "later": later.id}
    if later.status == "complete":
        return Deny(
            "checkout.bought_since",
            f"A newer link for the same things was completed ({later.id}).",
            facts,
            "Another purchase begins in the shop.",
            customer_reason=f"You have bought {sold(later)} with a newer link already, so this one is not needed.",
            customer_remedy="If you want to buy it once more, begin in the shop.",
        )
    return Deny(
        "checkout.open_since",
        f"A newer link for the same things is open ({later.id}).",
        facts,
        "Give the customer that link, from list_checkout_links.",
        customer_reason=f"A newer link for {sold(later)} is open already.",
        customer_remedy="You can pay with that one.",
    )


def saves_a_card(q: Q) -> Deny | None:
    if _session(q).mode != "setup":
        return None
    return Deny(
        "checkout.setup",
        "The link was to save a card, and sells nothing.",
        {"mode": "setup"},
        "Propose card_update_link.",
        customer_reason="That link was for saving a card; you can do that on your private page for changing the card.",
    )


def subscribed_already(q: Q) -> Deny | None:
    session = _session(q)
    if session.mode != "subscription" or not {each.product for each in session.items} & set(q.facts.subscribed):
        return None
    return Deny(
        "checkout.subscribed",
        "The customer has a running subscription of what the link sells: a second one would be billed beside it.",
        {"checkout_session": session.id},
        "The running subscription is changed instead.",
        customer_reason=f"You have a running subscription of {sold(session)}; a second one would be billed beside it.",
        customer_remedy="If you want to change the one you have, tell me how.",
    )


def more_than_its_items(q: Q) -> Deny | None:
    session = _session(q)
    besides = [*session.besides, *(() if session.whole else ("further items",))]
    if not besides:
        return None
    return Deny(
        "checkout.besides",
        f"The link had more to it than its items: {', '.join(besides)}.",
        {"besides": ", ".join(besides)},
        BY_HAND,
        customer_reason="That link had special terms, so a colleague has to make the new one.",
    )


def price_gone(q: Q) -> Deny | None:
    gone = ", ".join(each.price for each in q.facts.prices if not each.active)
    if not gone:
        return None
    return Deny(
        "checkout.price_gone",
        f"It is no longer sold at that price ({gone}).",
        {"price": gone},
        "A colleague makes a link at a price that is offered today.",
        customer_reason="That is no longer sold at the price of the link; a colleague can tell you today's.",
    )


def price_not_clear(q: Q) -> Deny | None:
    if len(q.facts.prices) == len(_session(q).items) and today(q) is not None and then(q) is not None:
        return None
    return Deny(
        "checkout.price_unclear",
        "What it costs depends on the number or the currency, so the price of today is for a human to work out.",
        {"items": len(_session(q).items)},
        BY_HAND,
        customer_reason="The price of that depends on use, so a colleague has to make the new link.",
    )


def price_changed(q: Q) -> NeedsApproval | None:
    before = then(q)
    if before == today(q):
        return None
    return NeedsApproval(
        "checkout.price_changed",
        f"It cost {before} when the link was made, and costs {today(q)} today.",
        {"then": before.amount if before else None, "today": _price(q).amount},
        "A colleague decides whether the customer is asked for the new price.",
    )


def begins_a_subscription(q: Q) -> NeedsApproval | None:
    if _session(q).mode == "payment":
        return None
    return NeedsApproval(
        "checkout.subscription",
        "The link begins a subscription, and whether a trial came with it cannot be read back.",
        {"mode": _session(q).mode},
        "A colleague makes sure that the terms are still meant.",
    )


def shown(q: Q) -> str:
    session = _session(q)
    return (
        f"Make a new Checkout link for {sold(session)} at {_price(q)}, in place of the one that expired on "
        f"{day(session.expires_at)}."
    )


def reservations(q: Q) -> tuple[Reservation, ...]:
    return (
        Reservation(
            f"links:{q.proposal.principal.customer}:{q.day}",
            1,
            q.limits.links.per_customer_day,
            "link.count",
            "This customer got as many links today as Lee may make.",
        ),
    )


def told(q: Q) -> dict[str, FactValue]:
    price = _price(q)
    return {"checkout_session": q.action.checkout_session, "price": price.amount, "currency": price.currency}


CHECKOUT_LINK: Final = Law(
    action=NewCheckoutLink,
    facts=CheckoutCase,
    denials=(
        not_found,
        completed,
        still_open,
        bought_or_open_since,
        saves_a_card,
        subscribed_already,
        more_than_its_items,
        price_gone,
        price_not_clear,
    ),
    approvals=(price_changed, begins_a_subscription),
    shown=shown,
    value=moves_nothing,
    reservations=reservations,
    confirmation_rule=None,
    allow_rule="checkout.expired",
    told=told,
)
