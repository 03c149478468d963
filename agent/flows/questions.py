"""Flows that answer from the help articles, and those for what needs no fact at all."""

from __future__ import annotations

from typing import Any

from agent.flows import answers as a
from agent.flows import bills as b
from agent.flows import choices as c
from agent.flows.payments import LATEST_BILL_READ, Flow
from agent.flows.plans import PLAN_NAMED
from agent.flows.steps import HandOver, Read, Say, When
from agent.flows.view import View

HOW_TO: Flow = (
    When(lambda view: a.query(view) is None, (Say("ask_again", kind="question"),)),
    Read("search_knowledge", a.query),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    When(
        lambda view: view.brief["asked_before"] > 0,
        (HandOver("cannot_solve", "No help article answers the question."),),
    ),
    Say("no_article", kind="question", empty=True),
)


def _asks_about_a_rule(view: View) -> bool:
    """An article says nearly the same, and no plan was named whose price could be told."""
    return a.strongly_answered(view) and not view.hints.plans


PRICE_QUESTION: Flow = (
    Read("diagnose", needed=False),
    Read("list_invoices", b.all_invoices, needed=False),
    Read("search_knowledge", a.query, needed=False),
    # A price that was paid, or came unexpectedly: the newest bill, if a change of plan is in it.
    When(
        lambda view: (
            b.latest_prorated(view) is not None
            and (
                a.best_passage(view) is None
                or view.may_mean("proration_question")
                or view.may_mean("unexpected_charge")
                or bool(view.hints.amounts)
            )
        ),
        (*LATEST_BILL_READ, Say("bill_lines", b.latest_bill)),
    ),
    When(_asks_about_a_rule, (Say("quote", a.quoted, citations=a.cited),)),
    Read("list_plans", needed=False),
    When(lambda view: bool(view.result("list_plans").get("plans")), (Say("plan_prices", a.prices),)),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    HandOver("cannot_solve", "Neither the account nor the help articles answer the question."),
)

TECHNICAL: Flow = (
    Read("diagnose", needed=False),
    When(lambda view: view.may_mean("missing_entitlement") or view.may_mean("plan_change"), PLAN_NAMED),
    Read("search_knowledge", a.query, needed=False),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    HandOver("cannot_solve", "This is about the product, not about billing."),
)

FEATURE_REQUEST: Flow = (
    Read("diagnose", needed=False),
    *PLAN_NAMED,
    HandOver("cannot_solve", "The customer wishes for a feature; this belongs to the product team."),
)
LEGAL: Flow = (HandOver("outside_policy", "A legal matter or a complaint."),)
DATA_DELETION: Flow = (HandOver("outside_policy", "The customer wants their data deleted."),)
HUMAN: Flow = (HandOver("customer_asks", "The customer asks for a human."),)

GREETING: Flow = (
    When(lambda view: view.spoke_before, (Say("welcome"),)),
    Say("hello", kind="question", empty=True),
)


def _if_pointed_at(view: View) -> dict[str, Any] | None:
    return a.all_charges(view) if view.hints.point_at_payment else None


def _points_at_one(view: View) -> bool:
    return view.hints.point_at_payment and bool(c.pointed_at(c.paid(view), view))


UNKNOWN: Flow = (
    When(
        lambda view: view.brief["asked_before"] > 0,
        (HandOver("not_understood", "Two messages that Lee does not understand."),),
    ),
    Read("search_knowledge", a.query, needed=False),
    # Vague words mostly come from whoever has a trouble that the account shows.
    Read("diagnose", needed=False),
    Read("list_invoices", b.open_if_broken, needed=False),
    Read("invoice_link", b.link_if_broken, needed=False),
    When(
        lambda view: a.strongly_answered(view) and a.payment_broken(view),
        (Say("quote_and_trouble", lambda view: {**a.payment_trouble(view), **a.quoted(view)}, citations=a.cited),),
    ),
    When(a.strongly_answered, (Say("quote", a.quoted, citations=a.cited),)),
    Read("list_charges", _if_pointed_at, needed=False),
    When(_points_at_one, (Say("clarify_payment", a.paid_pointed_at, kind="question", empty=True),)),
    When(a.payment_broken, (Say("clarify_trouble", a.payment_trouble, kind="question", empty=True),)),
    Say("clarify", kind="question", empty=True),
)
