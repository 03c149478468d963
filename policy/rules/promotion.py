"""The law of promotion codes: a code that this customer may redeem on this subscription, once, within the budget.

What it takes off over its whole duration is value that leaves the company, like a refund.
"""

from __future__ import annotations

from typing import Final

from billing import discounts
from billing.discounts import PromotionFacts
from billing.money import Money
from policy.actions import ApplyPromotionCode
from policy.decisions import Deny, FactValue, NeedsApproval, Reservation
from policy.facts import PromotionCase, given
from policy.law import Law, value_out
from policy.question import Question
from policy.rules.subscriptions import not_found, subscription
from policy.shown import day

Q = Question[ApplyPromotionCode, PromotionCase]

OTHER_CODE: Final = "Another code is tried."


def _promotion(q: Q) -> PromotionFacts:
    return given(q.facts.promotion, "a code")


def _off(q: Q) -> Money:
    return given(discounts.off_one(_promotion(q).coupon, q.facts.items), "a discount")


def _price(q: Q) -> Money:
    return given(discounts.full_price(q.facts.items), "a clear price")


def _times(q: Q) -> int:
    return discounts.invoices(_promotion(q).coupon, q.facts.items, q.now)


def no_invoice_to_come(q: Q) -> Deny | None:
    current = subscription(q)
    ending = current.cancel_at_period_end or current.cancel_at is not None
    if current.status in ("active", "trialing") and not ending:
        return None
    return Deny(
        "promotion.not_active",
        f"The subscription is {current.status}{' and set to end' if ending else ''}: nothing renews at a discount.",
        {"status": current.status, "ending": ending},
        "An open invoice is paid, or the cancellation is taken back.",
        customer_reason="A code can only be used on a subscription that is paid and renews.",
        customer_remedy="Once it is, the code can be used.",
    )


def no_such_code(q: Q) -> Deny | None:
    """One that is reserved for somebody else is as good as absent."""
    found = q.facts.promotion
    if found is not None and found.customer in (None, q.proposal.principal.customer):
        return None
    return Deny(
        "promotion.not_found",
        "This customer has no such code.",
        {},
        OTHER_CODE,
        customer_reason="I cannot find that code. Could you check how it is spelt?",
        customer_remedy="With the exact code I can try again.",
    )


def expired(q: Q) -> Deny | None:
    end = _promotion(q).expires_at
    if end is None or q.now < end:
        return None
    return Deny(
        "promotion.expired",
        f"The code expired on {day(end)}.",
        {"expires_at": end.isoformat()},
        OTHER_CODE,
        customer_reason=f"That code expired on {day(end)}.",
        customer_remedy="If you have another code, send me that one.",
    )


def used_up(q: Q) -> Deny | None:
    if not _promotion(q).used_up:
        return None
    return Deny(
        "promotion.used_up",
        "The code was redeemed as often as it may be.",
        {},
        OTHER_CODE,
        customer_reason="That code has been used as often as it can be.",
        customer_remedy="If you have another code, send me that one.",
    )


def inactive(q: Q) -> Deny | None:
    found = _promotion(q)
    if found.active and found.coupon.valid:
        return None
    return Deny(
        "promotion.inactive",
        "The code, or the coupon behind it, is switched off.",
        {"active": found.active, "valid": found.coupon.valid},
        OTHER_CODE,
        customer_reason="That code is no longer valid.",
        customer_remedy="If you have another code, send me that one.",
    )


def discounted_already(q: Q) -> Deny | None:
    """Discounts do not add up here: the second would be taken off what the first has left."""
    if not q.facts.discounts:
        return None
    first = q.facts.discounts[0]
    until = f" until {day(first.end)}" if first.end is not None else ""
    return Deny(
        "promotion.stacked",
        f"A discount is in force{until}; codes do not add up.",
        {"discount": first.coupon, "until": first.end.isoformat() if first.end else None},
        "The code is used once the discount has ended.",
        customer_reason=f"Your subscription already has a discount{until}, and two cannot be combined.",
        customer_remedy="Once that one has ended, you can use the code.",
    )


def price_not_clear(q: Q) -> Deny | None:
    if discounts.full_price(q.facts.items) is not None:
        return None
    return Deny(
        "promotion.price",
        "The subscription has no single fixed price, so what the code is worth is for a human to work out.",
        {"items": len(q.facts.items)},
        "A colleague applies it in Stripe's dashboard.",
        customer_reason="The price of your subscription depends on use, so a colleague has to apply the code.",
    )


def unknown_currency(q: Q) -> Deny | None:
    code = _price(q).currency
    if q.currency(code) is not None:
        return None
    return Deny(
        "promotion.currency",
        f"No limits are set for {code}.",
        {"currency": code},
        f"Set limits for {code}.",
        customer_reason="A colleague has to handle discounts in this currency.",
    )


def another_product(q: Q) -> Deny | None:
    """Nothing it applies to is on the subscription: another product's, or an amount in another currency."""
    off = discounts.off_one(_promotion(q).coupon, q.facts.items)
    if off is not None and off.amount > 0:
        return None
    return Deny(
        "promotion.product",
        "The code takes nothing off what is on this subscription.",
        {"subscription": q.action.subscription},
        "The plan is changed to one the code is for.",
        customer_reason="That code is not for the plan you are on.",
        customer_remedy="On a plan that it is for, it would work.",
    )


def too_short(q: Q) -> Deny | None:
    if _times(q) > 0:
        return None
    return Deny(
        "promotion.too_short",
        "The discount would end before the next invoice.",
        {"months": _promotion(q).coupon.months},
        "It is used nearer to the renewal.",
        customer_reason="That discount would run out before your next invoice, so it is worth keeping until then.",
        customer_remedy="Nearer to your renewal it can be used.",
    )


def below_minimum(q: Q) -> Deny | None:
    least, price = _promotion(q).minimum, _price(q)
    if least is None or (least.currency == price.currency and price >= least):
        return None
    return Deny(
        "promotion.minimum",
        f"The code needs an invoice of {least} or more; this one is {price}.",
        {"minimum": least.amount, "price": price.amount},
        OTHER_CODE,
        customer_reason=f"That code is only for invoices of {least} or more.",
        customer_remedy="If you have another code, send me that one.",
    )


def not_the_first(q: Q) -> Deny | None:
    if not _promotion(q).first_time_only or not q.facts.has_paid:
        return None
    return Deny(
        "promotion.first_time",
        "The code is for a first purchase, and this customer has paid before.",
        {"has_paid": True},
        OTHER_CODE,
        customer_reason="That code is only for a first purchase.",
        customer_remedy="If you have another code, send me that one.",
    )


def for_good(q: Q) -> NeedsApproval | None:
    if _promotion(q).coupon.duration in ("once", "repeating"):
        return None
    return NeedsApproval(
        "promotion.forever",
        f"The discount has no end: {value(q)} in the first year alone.",
        {"a_year": value(q).amount},
        "A colleague decides.",
    )


def over_cap(q: Q) -> NeedsApproval | None:
    worth = value(q)
    cap = q.limits.currency[worth.currency].per_promotion
    if worth.amount <= cap:
        return None
    return NeedsApproval(
        "promotion.cap",
        f"The code is worth {worth} over its time, more than the {Money(cap, worth.currency)} that Lee may give alone.",
        {"worth": worth.amount, "cap": cap},
        "A colleague decides.",
    )


def shown(q: Q) -> str:
    """The price as it will be, how often, and what it is again afterwards. Taxes come on the invoice."""
    found, price, off = _promotion(q), _price(q), _off(q)
    name = " and ".join(each.item.product_name for each in q.facts.items)
    costs = f"{name} costs {price - off} instead of {price}"
    if found.coupon.duration not in ("once", "repeating"):
        how_long = "from the next invoice on"
    elif (times := _times(q)) == 1:
        how_long = f"on the next invoice only, then {price} again"
    else:
        how_long = f"on each of the next {times} invoices, then {price} again"
    return f"Apply the code {found.code}: {costs} {how_long}. Nothing is charged today."


def sent(q: Q) -> ApplyPromotionCode:
    """The very code that was judged: the same word may stand for another one by then."""
    return q.action.model_copy(update={"code": _promotion(q).id})


def value(q: Q) -> Money:
    """What it takes off over its duration; of one without an end, in a year."""
    return Money(_off(q).amount * _times(q), _off(q).currency)


def reservations(q: Q) -> tuple[Reservation, ...]:
    once = Reservation(
        f"promotions:{q.proposal.principal.customer}:{_promotion(q).id}",
        1,
        1,
        "promotion.again",
        "This customer has redeemed this code before.",
    )
    return (*value_out(q, value(q)), once)


def told(q: Q) -> dict[str, FactValue]:
    return {
        "subscription": q.action.subscription,
        "promotion": _promotion(q).id,
        "coupon": _promotion(q).coupon.id,
        "price": _price(q).amount,
        "off": _off(q).amount,
        "worth": value(q).amount,
        "currency": _price(q).currency,
    }


PROMOTION: Final = Law(
    action=ApplyPromotionCode,
    facts=PromotionCase,
    denials=(
        not_found("promotion.no_subscription"),
        no_invoice_to_come,
        no_such_code,
        expired,
        used_up,
        inactive,
        discounted_already,
        price_not_clear,
        unknown_currency,
        another_product,
        too_short,
        below_minimum,
        not_the_first,
    ),
    approvals=(for_good, over_cap),
    shown=shown,
    value=value,
    reservations=reservations,
    confirmation_rule="promotion.confirmation",
    allow_rule="promotion.confirmed",
    told=told,
    sent=sent,
)
