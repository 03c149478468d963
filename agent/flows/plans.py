"""Flows about subscriptions and plans."""

from __future__ import annotations

from agent.flows import answers as a
from agent.flows import bills as b
from agent.flows import choices as c
from agent.flows import offers
from agent.flows.links import CHECKOUT
from agent.flows.payments import BILL_THAT_DIFFERS, PAYMENT_FAILED, Flow, explained, newest_differs
from agent.flows.steps import HandOver, Propose, Read, Say, When
from agent.flows.usage import USAGE_DIFFERS, overbilled
from agent.flows.view import View


def _no_plan_named(view: View) -> bool:
    return c.plan_meant(view) is None


def _on_it_already(view: View) -> bool:
    found = view.result("preview_plan_change")
    return found.get("change") is None and "already" in str(found.get("note"))


_WHICH_PLAN: Flow = (
    Read("list_plans", needed=False),
    When(
        lambda view: bool(view.result("list_plans").get("plans")),
        (Say("which_plan_of", a.offers, kind="question"),),
    ),
    Say("which_plan", a.plan_list, kind="question"),
)

_CANCEL: Flow = (
    When(
        lambda view: len(c.running(view)) > 1,
        (Say("which_subscription", kind="question", choices=offers.subscriptions),),
    ),
    When(
        lambda view: not c.running(view) and bool(c.ending(view)),
        (Say("ends_already", lambda view: {"subscriptions": c.ending(view)}),),
    ),
    When(lambda view: not c.running(view), (Say("no_subscription", empty=True),)),
    Propose("cancel_subscription", a.cancel_one),
    Say("effects_only"),
)
_UNDO: Flow = (Propose("undo_scheduled_change", a.undo_one), Say("effects_only"))

_REACTIVATE: Flow = (
    When(
        lambda view: len(c.resumable(view)) > 1,
        (Say("which_subscription", kind="question", choices=offers.resumable),),
    ),
    When(lambda view: not c.resumable(view) and a.undo_one(view) is not None, _UNDO),
    When(lambda view: bool(c.resumable(view)), (Propose("resume_subscription", a.resume_one), Say("effects_only"))),
    When(lambda view: bool(c.running(view)), (Say("standing", a.standing, empty=True),)),
    HandOver("cannot_solve", "The customer wants a subscription back that has ended: a new one is needed."),
)


def _another_plan(view: View) -> bool:
    named = c.plan_meant(view)
    return named is not None and not c.on_plan(named, view)


def _plan_is_to_go_on(view: View) -> bool:
    """No other plan was named, and the one there is is set to end: that is what has to be settled."""
    return bool(c.ending(view)) and not c.running(view) and not _another_plan(view)


def _ended(view: View) -> bool:
    """What there was has ended, and a human has to start it again."""
    return view.diagnosis.get("status") == "red" and view.diagnosis.get("recommended_action") == "talk_to_human"


def _planned_already(view: View) -> bool:
    """The plan that was named is the one the account changes to anyway."""
    named = c.plan_meant(view)
    planned = [row["scheduled_change"]["plan"] for row in c.scheduled(view)]
    return named is not None and any(named.casefold() in str(plan).casefold().split() for plan in planned)


def _planned_and_present(view: View) -> bool:
    """Both the plan there is and the one it changes to were named."""
    return _planned_already(view) and any(c.on_plan(name, view) for name in view.hints.plans)


def _planned_and_unwanted(view: View) -> bool:
    """No other plan was named, and the one there is is set to change: staying is what is left to wish."""
    return a.undo_one(view) is not None and not _another_plan(view)


PLAN_CHANGE: Flow = (
    Read("diagnose", needed=False),
    When(_plan_is_to_go_on, _REACTIVATE),
    When(lambda view: not view.subscriptions and _no_plan_named(view) and _ended(view), _REACTIVATE),
    # "Not Starter, keep Team" and "from Team to Starter" name the same two. The one is planned already, so all that can
    # be done is the other; the yes that it needs is the question which it is.
    When(_planned_and_present, (Propose("undo_scheduled_change", a.undo_one), Say("planned_stay", a.planned))),
    When(_planned_already, (explained("scheduled_plan_change"),)),
    When(_planned_and_unwanted, _UNDO),
    When(_no_plan_named, _WHICH_PLAN),
    Read("preview_plan_change", a.plan_preview),
    When(_on_it_already, (Say("same_plan", a.change, empty=True),)),
    When(
        lambda view: a.previewed(view) is None and bool(view.result("preview_plan_change").get("plans")),
        (Say("which_plan_of", a.change, kind="question"),),
    ),
    When(
        lambda view: a.previewed(view) is None,
        (HandOver("cannot_solve", "No plan change could be previewed; the preview says why."),),
    ),
    Propose("change_plan", a.previewed),
    Say("plan_preview", a.change),
)


def _change_meant(view: View) -> bool:
    """What is to be cancelled may be the planned change of the plan rather than the plan."""
    return _planned_and_unwanted(view) and (view.may_mean("plan_change") or view.may_mean("reactivate_subscription"))


def _nothing_to_cancel(view: View) -> bool:
    over = not c.running(view) and bool(c.ending(view))
    return over and (view.may_mean("reactivate_subscription") or view.is_left("reactivate_subscription"))


def _nothing_to_reactivate(view: View) -> bool:
    over = bool(c.running(view)) and not c.resumable(view)
    return over and (view.may_mean("cancel_subscription") or view.is_left("cancel_subscription"))


CANCEL_SUBSCRIPTION: Flow = (
    Read("diagnose"),
    When(_change_meant, _UNDO),
    When(_nothing_to_cancel, _REACTIVATE),
    *_CANCEL,
)
REACTIVATE: Flow = (Read("diagnose"), When(_nothing_to_reactivate, _CANCEL), *_REACTIVATE)

_LOCKED_OUT: Flow = (
    Read("check_entitlements", needed=False),
    HandOver("cannot_solve", "The plan is paid, but the product keeps its features locked."),
)

SUBSCRIPTION_STATUS: Flow = (
    Read("diagnose"),
    When(a.payment_broken, PAYMENT_FAILED),
    When(lambda view: not view.subscriptions and bool(a.explanation(view)), (Say("what_is_wrong", a.standing),)),
    When(lambda view: not view.subscriptions, (Say("no_subscription", empty=True),)),
    When(lambda view: view.found("paid_but_locked_out"), _LOCKED_OUT),
    Say("standing", a.standing),
)


def _dearer(view: View) -> bool:
    change = a.previewed(view)
    return change is not None and change["amount_due"] > 0


# What is missing comes with a plan above the account's own, and the customer has named it: its price, and a question.
PLAN_NAMED: Flow = (
    When(_another_plan, (Read("preview_plan_change", a.plan_preview, needed=False), When(_dearer, PLAN_CHANGE))),
)

PRORATION_QUESTION: Flow = (
    Read("list_invoices", b.all_invoices),
    Read("diagnose", needed=False),
    When(
        lambda view: b.prorated(view) is not None,
        (Read("explain_invoice", b.sums_of_bill, needed=False), Say("bill_lines", b.bill)),
    ),
    When(overbilled, USAGE_DIFFERS),
    When(newest_differs, (explained("discount_ended"), *BILL_THAT_DIFFERS)),
    *PLAN_NAMED,  # what a change to it would cost: no bill there is says that
    When(lambda view: len(view.invoices) > 1, (Say("two_bills", b.two_bills),)),
    When(a.payment_broken, PAYMENT_FAILED),
    When(lambda view: bool(a.explanation(view)), (Say("what_is_wrong", a.standing),)),
    HandOver("cannot_solve", "No invoice explains the difference the customer asks about."),
)

MISSING_ENTITLEMENT: Flow = (
    Read("diagnose"),
    When(lambda view: view.found("paid_but_locked_out"), _LOCKED_OUT),
    When(a.payment_broken, PAYMENT_FAILED),
    *PLAN_NAMED,
    When(lambda view: view.found("checkout_link_expired"), CHECKOUT),
    When(lambda view: bool(a.explanation(view)), (Say("what_is_wrong", a.standing),)),
    Read("search_knowledge", a.query, needed=False),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    HandOver("cannot_solve", "Billing looks fine, and still the customer misses a feature."),
)

TRIAL_QUESTION: Flow = (
    Read("diagnose"),
    Read("search_knowledge", a.query, needed=False),
    When(
        lambda view: any(row["trial_end"] and row["status"] == "trialing" for row in view.subscriptions),
        (Say("trial", a.standing),),
    ),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    When(lambda view: bool(view.subscriptions), (Say("standing", a.standing),)),
    Say("no_subscription", empty=True),
)
