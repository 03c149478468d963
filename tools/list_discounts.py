"""The tool `list_discounts`: what a customer's discounts take off, how much is left of them, and what a code is for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from billing import discounts
from billing.discounts import CouponFacts, PromotionFacts
from billing.money import Money
from tools.answers import Amount, Answer, amount_or_none, brief, day
from tools.desk import Desk
from tools.discount_history import DiscountHistory, Redeemed, discount_history
from tools.registry import Arguments
from tools.stripe_discounts import given_codes, promotion
from tools.stripe_reads import together

SHOWN: Final = 12
CODES: Final = 5


class ListDiscounts(Arguments):
    """List the customer's discounts, running and ended, with what they take off and how many invoices are left; the
    codes that were given to this customer alone; and, if the customer named a code, what it is for. Never name a code
    that the customer has not named and that is not listed here."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")] | None = Field(
        description="The promotion code the customer named, or null."
    )


class DiscountAnswer(Answer):
    """`lasts`: `once` for one invoice, `until` the day `ends`, `for_good`. `invoices_left` is null where that has no
    number. `takes_off` is what the next invoice of `plan` is lowered by, or what the last one was once it has `ended`.
    `subscription` is null for a discount on the whole account."""

    name: str | None
    off: str
    subscription: str | None
    plan: str | None
    running: bool
    started: str
    lasts: Literal["once", "until", "for_good"]
    ends: str | None
    ended: str | None
    invoices_left: int | None
    takes_off: Amount | None


class CodeAnswer(Answer):
    """`months` is how long a repeating discount lasts. `usable` false: `why_not` says why."""

    code: str
    off: str
    duration: str
    months: int | None
    expires: str | None
    usable: bool
    why_not: str | None


class DiscountsAnswer(Answer):
    """`asked` is the code the customer named, null without one or when there is no such code: then `note` says so."""

    discounts: list[DiscountAnswer]
    given: list[CodeAnswer]
    asked: CodeAnswer | None
    more: bool
    note: str | None


async def list_discounts(arguments: ListDiscounts, desk: Desk) -> DiscountsAnswer:
    now = desk.now()
    past, given, asked = await together(
        discount_history(desk.stripe, now), given_codes(desk.stripe), _asked(desk, arguments.code)
    )
    usable = [each for each in given.items if _why_not(each, past, now) is None]
    note = None
    if arguments.code is not None and asked is None:
        note = "there is no such code"
    elif not past.redeemed:
        note = "there has been no discount on this account"
    return DiscountsAnswer(
        discounts=[_discount(each) for each in past.redeemed[:SHOWN]],
        given=[_code(each, past, now) for each in usable[:CODES]],
        asked=_code(asked, past, now) if asked is not None else None,
        more=past.cut or given.more or len(past.redeemed) > SHOWN or len(usable) > CODES,
        note=note,
    )


async def _asked(desk: Desk, code: str | None) -> PromotionFacts | None:
    return await promotion(desk.stripe, code) if code is not None else None


def _discount(redeemed: Redeemed) -> DiscountAnswer:
    running, end = redeemed.over_since is None, redeemed.discount.end
    off_next = discounts.off_one(redeemed.coupon, redeemed.items) if running else None
    return DiscountAnswer(
        name=brief(redeemed.discount.name),
        off=discounts.worth(redeemed.coupon),
        subscription=redeemed.subscription,
        plan=brief(" and ".join(each.item.product_name for each in redeemed.items)) or None,
        running=running,
        started=day(redeemed.started) or "",
        lasts="once" if redeemed.coupon.duration == "once" else "until" if end is not None else "for_good",
        ends=day(end) if running else None,
        ended=day(redeemed.over_since),
        invoices_left=_left(redeemed) if running else 0,
        takes_off=amount_or_none(off_next if running and redeemed.items else redeemed.last),
    )


def _left(redeemed: Redeemed) -> int | None:
    """Invoices it still lowers; None for one without an end, and for one that follows no single subscription."""
    if redeemed.coupon.duration == "once":
        return 1
    if redeemed.discount.end is None or not redeemed.items:
        return None
    return discounts.renewals_before(redeemed.discount.end, redeemed.items[0].item)


def _code(found: PromotionFacts, past: DiscountHistory, now: datetime) -> CodeAnswer:
    why_not = _why_not(found, past, now)
    return CodeAnswer(
        code=found.code,
        off=discounts.worth(found.coupon),
        duration=found.coupon.duration,
        months=found.coupon.months,
        expires=day(found.expires_at),
        usable=why_not is None,
        why_not=why_not,
    )


def _why_not(found: PromotionFacts, past: DiscountHistory, now: datetime) -> str | None:
    """The first thing that speaks against it. Policy asks more when the code is to be used."""
    if found.expires_at is not None and found.expires_at <= now:
        return f"it expired on {day(found.expires_at)}"
    if found.used_up:
        return "it has been used as often as it can be"
    if not found.active or not found.coupon.valid:
        return "it is no longer valid"
    if not any(_lowers(found.coupon, items) for items in past.live.values()):
        return "it is for another product"
    return None


def _lowers(coupon: CouponFacts, items: tuple[discounts.Priced, ...]) -> bool:
    off: Money | None = discounts.off_one(coupon, items)
    return off is not None and off.amount > 0
