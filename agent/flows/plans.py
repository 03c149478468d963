"""Flows about subscriptions and plans."""

from __future__ import annotations

from agent.flows import answers as a
from agent.flows import choices as c
from agent.flows.payments import PAYMENT_FAILED, Flow, payment_broken
from agent.flows.steps import HandOver, Propose, Read, Say, When
from agent.flows.view import View


def _no_plan_named(view: View) -> bool:
    return view.hints.plan is None


def _on_it_already(view: View) -> bool:
    found = view.result("preview_plan_change")
    return found.get("change") is None and "already" in str(found.get("note"))


def _root_cause(*wanted: str):
    return lambda view: view.diagnosis.get("root_cause") in wanted


PLAN_CHANGE: Flow = (
    When(_no_plan_named, (Read("diagnose", needed=False), Say("which_plan", a.plan_list, kind="question"))),
    Read("preview_plan_change", a.plan_preview),
    When(_on_it_already, (Say("same_plan", a.change),)),
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

_CANCEL: Flow = (
    When(lambda view: len(c.running(view)) > 1, (Say("which_subscription", a.subscriptions, kind="question"),)),
    When(
        lambda view: not c.running(view) and bool(c.ending(view)),
        (Say("ends_already", lambda view: {"subscriptions": c.ending(view)}),),
    ),
    When(lambda view: not c.running(view), (Say("no_subscription"),)),
    Propose("cancel_subscription", a.cancel_one),
    Say("effects_only"),
)
_REACTIVATE: Flow = (HandOver("cannot_solve", "The customer wants a cancelled subscription to go on."),)


def _nothing_to_cancel(view: View) -> bool:
    return not c.running(view) and bool(c.ending(view)) and view.may_mean("reactivate_subscription")


def _nothing_to_reactivate(view: View) -> bool:
    return bool(c.running(view)) and not c.ending(view) and view.may_mean("cancel_subscription")


CANCEL_SUBSCRIPTION: Flow = (Read("diagnose"), When(_nothing_to_cancel, _REACTIVATE), *_CANCEL)
REACTIVATE: Flow = (Read("diagnose"), When(_nothing_to_reactivate, _CANCEL), *_REACTIVATE)

SUBSCRIPTION_STATUS: Flow = (
    Read("diagnose"),
    When(payment_broken, PAYMENT_FAILED),
    When(lambda view: not view.subscriptions, (Say("no_subscription"),)),
    Say("standing", a.standing),
)

MISSING_ENTITLEMENT: Flow = (
    Read("diagnose"),
    When(
        _root_cause("paid_but_locked_out"),
        (HandOver("cannot_solve", "The plan is paid, but the product keeps its features locked."),),
    ),
    When(payment_broken, PAYMENT_FAILED),
    When(lambda view: bool(a.explanation(view)), (Say("what_is_wrong", a.standing),)),
    Read("search_knowledge", a.query, needed=False),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    HandOver("cannot_solve", "Billing looks fine, and still the customer misses a feature."),
)

USAGE_QUESTION: Flow = (
    Read("diagnose"),
    Read("search_knowledge", a.query, needed=False),
    When(lambda view: bool(view.diagnosis.get("usage")), (Say("usage", a.standing),)),
    When(lambda view: a.best_passage(view) is not None, (Say("quote", a.quoted, citations=a.cited),)),
    HandOver("cannot_solve", "No usage is on record for this customer."),
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
    Say("no_subscription"),
)
