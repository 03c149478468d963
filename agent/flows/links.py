"""Flows about pages to pay on: of an open invoice, or of a Checkout that was sent to sell something."""

from __future__ import annotations

from typing import Any

from agent.flows import answers as a
from agent.flows import bills as b
from agent.flows.payments import NOTHING_OPEN, PAYMENT_FAILED, Flow, no_open
from agent.flows.steps import HandOver, Offer, Propose, Read, Say, When
from agent.flows.view import Row, View


def _pages(view: View, status: str) -> list[Row]:
    """Checkout pages that nothing newer stands for."""
    rows = view.result("list_checkout_links").get("links", [])
    return [row for row in rows if row["status"] == status and row["later"] is None]


def _newest_expired(view: View) -> dict[str, Any] | None:
    found = _pages(view, "expired")
    return {"checkout_session": found[0]["id"]} if found else None


_NEW_PAGE: Flow = (Propose("new_checkout_link", _newest_expired), Say("effects_only"))

CHECKOUT: Flow = (
    Read("list_checkout_links", needed=False),
    When(
        lambda view: bool(_pages(view, "open")),
        (Say("checkout_open", lambda view: {"pages": _pages(view, "open")}),),
    ),
    When(
        lambda view: _newest_expired(view) is not None and not view.plainly_asks("new_checkout_link"),
        (Offer("shall_checkout", lambda view: {"page": _pages(view, "expired")[0]}, _NEW_PAGE),),
    ),
    When(lambda view: _newest_expired(view) is not None, _NEW_PAGE),
)

EXPIRED_PAYMENT_LINK: Flow = (
    Read("list_invoices", b.open_only),
    Read("diagnose", needed=False),
    When(no_open, (*CHECKOUT, *NOTHING_OPEN)),
    When(a.payment_broken, PAYMENT_FAILED),
    Read("invoice_link", b.link_of_open),
    When(
        lambda view: not view.result("invoice_link").get("url"), (HandOver("cannot_solve", "The invoice has no link."),)
    ),
    Say("invoice_page", b.invoice_page),
)
