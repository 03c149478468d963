"""Flows about what an account carries: discounts, billing details, tax ids. Facts first, then what the articles say."""

from __future__ import annotations

from typing import Any

from agent.flows import answers as a
from agent.flows import choices as c
from agent.flows import offers
from agent.flows.payments import Flow, explained
from agent.flows.steps import HandOver, Propose, Read, Say, When
from agent.flows.view import View


def _code(view: View) -> dict[str, Any] | None:
    codes, running = view.hints.promotion_codes, c.running(view)
    return {"subscription": running[0]["id"], "code": codes[0]} if len(codes) == len(running) == 1 else None


def _new_email(view: View) -> dict[str, Any] | None:
    """Only the address for invoices: a name or a street is not told from the words around it."""
    known = str(view.result("billing_details").get("email")).casefold()
    new = [each for each in view.hints.emails if each.casefold() != known]
    others = ("name", "line1", "line2", "city", "state", "postal_code", "country")
    return {"email": new[0], **dict.fromkeys(others)} if len(new) == 1 else None


def _details(view: View) -> dict[str, Any]:
    return {"details": view.result("billing_details"), "passage": a.best_passage(view)}


def _any_code(_view: View) -> dict[str, Any]:
    return {"code": None}


def _discounts(view: View) -> dict[str, Any]:
    found = view.result("list_discounts")
    return {
        "running": [row for row in found["discounts"] if row["running"]],
        "ended": [row for row in found["discounts"] if row["ended"]][:1],
        "given": [row for row in found["given"] if row["usable"]],
        "passage": a.best_passage(view),
    }


def _tax_id(view: View) -> dict[str, Any] | None:
    named = view.hints.tax_ids
    return {"type": named[0]["type"], "value": named[0]["value"]} if len(named) == 1 else None


_ARTICLE: Flow = (
    Read("search_knowledge", a.query, needed=False),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    When(lambda view: bool(view.subscriptions), (Say("standing", a.standing),)),
    HandOver("cannot_solve", "Neither the account nor the help articles answer the question."),
)

DISCOUNT: Flow = (
    Read("diagnose", needed=False),
    When(
        lambda view: bool(view.hints.promotion_codes) and len(c.running(view)) > 1,
        (Say("which_subscription", kind="question", choices=offers.subscriptions),),
    ),
    When(lambda view: _code(view) is not None, (Propose("apply_promotion_code", _code), Say("effects_only"))),
    explained("discount_ended"),
    Read("list_discounts", _any_code, needed=False),
    Read("search_knowledge", a.query, needed=False),
    When(lambda view: bool(view.result("list_discounts")), (Say("discounts", _discounts, citations=a.cited),)),
    *_ARTICLE,
)

BILLING_DETAILS: Flow = (
    Read("billing_details"),
    When(
        lambda view: _new_email(view) is not None, (Propose("update_billing_details", _new_email), Say("effects_only"))
    ),
    When(
        lambda view: view.brief["asked_before"] > 0,
        (HandOver("cannot_solve", "The customer has written what their invoices should carry."),),
    ),
    Read("search_knowledge", a.query, needed=False),
    Say("details_on_file", _details, kind="question", citations=a.cited),
)

TAX: Flow = (
    When(lambda view: _tax_id(view) is not None, (Propose("set_tax_id", _tax_id), Say("effects_only"))),
    Read("diagnose", needed=False),
    Read("search_knowledge", a.query, needed=False),
    explained("tax_id_missing", "tax_id_unverified"),
    *_ARTICLE,
)
