"""The tool `list_checkout_links`: the payment pages a customer was sent, and which of them still work."""

from __future__ import annotations

from typing import Final

import stripe

from billing.checkouts import CheckoutFacts, later_one
from tools.answers import Amount, Answer, amount, amount_or_none, brief, moment
from tools.desk import Desk
from tools.registry import Arguments
from tools.stripe_checkouts import checkout_facts, raw_checkouts
from tools.stripe_reads import understood

SHOWN: Final = 10
LINES: Final = 10


class ListCheckoutLinks(Arguments):
    """List the Checkout links the customer was sent to buy something, newest first: what each is for, whether it is
    open, completed or expired, and the link itself while it works."""


class CheckoutLineAnswer(Answer):
    """`amount` is for all pieces; `quantity` is null for what is billed by use."""

    description: str
    quantity: int | None
    amount: Amount


class CheckoutLinkAnswer(Answer):
    """`status`: open, complete or expired. `mode`: payment (once), subscription, or setup (saves a card). `url` only of
    one that is open. `later`: id of a newer link for the same things that is open or was completed."""

    id: str
    status: str
    mode: str
    lines: list[CheckoutLineAnswer]
    total: Amount | None
    created: str
    expires: str
    url: str | None
    later: str | None


class CheckoutLinksAnswer(Answer):
    """`more` says that there are older links which are not shown. `note` explains an empty list."""

    links: list[CheckoutLinkAnswer]
    more: bool
    note: str | None


async def list_checkout_links(_arguments: ListCheckoutLinks, desk: Desk) -> CheckoutLinksAnswer:
    listed = await raw_checkouts(desk.stripe)
    facts = [understood(checkout_facts, each) for each in listed.items]
    rows = zip(listed.items[:SHOWN], facts[:SHOWN], strict=True)
    return CheckoutLinksAnswer(
        links=[_link(session, each, later_one(each, facts)) for session, each in rows],
        more=listed.more or len(facts) > SHOWN,
        note=None if facts else "no Checkout link was made for this account",
    )


def _link(session: stripe.checkout.Session, facts: CheckoutFacts, later: CheckoutFacts | None) -> CheckoutLinkAnswer:
    return CheckoutLinkAnswer(
        id=facts.id,
        status=facts.status,
        mode=facts.mode,
        lines=[
            CheckoutLineAnswer(
                description=brief(each.description) or "", quantity=each.quantity, amount=amount(each.amount)
            )
            for each in facts.items[:LINES]
        ],
        total=amount_or_none(facts.total),
        created=moment(facts.created),
        expires=moment(facts.expires_at),
        url=session.url if facts.status == "open" else None,
        later=later.id if later is not None and facts.status == "expired" else None,
    )
