"""Flows about money that should come back."""

from __future__ import annotations

from typing import Any

from agent.flows import answers as a
from agent.flows import bills as b
from agent.flows import choices as c
from agent.flows import offers
from agent.flows.payments import (
    LATEST_BILL_READ,
    OFFER_TWIN,
    PAYMENT_FAILED,
    REFUND_TWIN,
    SUBSCRIBED_TWICE,
    Flow,
    explained,
)
from agent.flows.steps import HandOver, Offer, Propose, ProposeEach, Read, Say, When
from agent.flows.view import View


def _none(view: View) -> bool:
    return not c.refund_candidates(view)


def _bill_explains(view: View) -> bool:
    """Payments of the same amount are months of one subscription, and the newest bill is the one that differs."""
    bill = b.latest_prorated(view)
    return bill is not None and all(row["invoice"] is not None for row in c.lookalikes(view))


def _several(view: View) -> bool:
    return len(c.refund_candidates(view)) > 1


def _one_pair_meant(view: View) -> bool:
    """A plain refund request for what turns out to be the same purchase paid twice."""
    pairs = c.twins(view)
    meant = {row["id"] for row in c.refund_candidates(view)}
    return len(pairs) == 1 and meant == {row["id"] for row in pairs[0]}


def _asks_about_the_rule(view: View) -> bool:
    """What is asked may be how refunds work. How near an article comes to the words says nothing here: whoever wants
    a refund writes as the articles on refunds do."""
    return view.may_mean("how_to") and not view.hints.point_at_payment and a.best_passage(view) is not None


# A payment that was named by its id: on this account, or nothing is done about it whatever the message is about.
NAMED_PAYMENT: Flow = (
    Read("list_charges", a.all_charges),
    Read("list_charges", a.named_charge, needed=False),
    When(c.foreign, (Say("not_on_this_account", kind="question"),)),
)

REFUNDS_ON_RECORD: Flow = (Read("refund_status", a.all_charges), Say("refunds_on_record", a.refunds))

_CAME_BACK: Flow = (HandOver("cannot_solve", "A refund came back from the bank: the customer is owed its amount."),)


def _came_back(view: View) -> bool:
    return any(row["status"] == "failed" for row in view.result("refund_status").get("refunds", []))


def _sent_back(view: View) -> bool:
    """A refund of what is meant was tried and the bank returned it: another try would return again."""
    meant = c.pointed_at(view.charges, view) if view.hints.point_at_payment else view.charges
    return any(refund["status"] == "failed" for row in meant for refund in row["refunds"])


def _perhaps_failed(view: View) -> dict[str, Any] | None:
    return {} if view.may_mean("payment_failed") else None


_LOOK: Flow = (
    *NAMED_PAYMENT,
    When(_sent_back, _CAME_BACK),
    # A payment that did not go through is no payment to return.
    Read("diagnose", _perhaps_failed, needed=False),
    When(
        lambda view: view.may_mean("payment_failed") and a.payment_broken(view) and not view.hints.point_at_payment,
        PAYMENT_FAILED,
    ),
    Read("list_invoices", b.invoices_of_plans, needed=False),
    Read("search_knowledge", a.query, needed=False),
    When(_asks_about_the_rule, (Say("quote_refunds", a.quoted, citations=a.cited),)),
    When(lambda view: not view.charges, (Say("no_payments", empty=True),)),
)

_REFUND_THIS: Flow = (Propose("refund", a.refund_of_one), Say("effects_only"))
_REFUND_NEARLY: Flow = (Propose("refund", a.refund_of_nearly), Say("effects_only"))

_REFUND_EACH: Flow = (ProposeEach("refund", a.refunds_of_counted), Say("refunds_counted", a.counted))


def _counted(view: View) -> bool:
    """More than one payment is wanted back, and it is clear which."""
    return bool(a.refunds_of_counted(view))


_UNCLEAR_WHICH: Flow = (
    When(lambda view: bool(c.returned_one_meant(view)), REFUNDS_ON_RECORD),
    When(_several, (Say("which_payment", kind="question", choices=offers.payments),)),
    When(
        lambda view: _none(view) and bool(c.returned(view)) and not c.refundable(view),
        REFUNDS_ON_RECORD,
    ),
    When(
        lambda view: _none(view) and len(c.nearly_meant(view)) == 1,
        (Offer("refund_nearly", a.nearly, _REFUND_NEARLY),),
    ),
    When(
        lambda view: _none(view) and bool(c.paid(view)),
        (Say("no_such_payment", a.recent_payments, kind="question"),),
    ),
    When(_none, (Say("no_payments", empty=True),)),
)


def _maybe_the_difference(view: View) -> bool:
    """Nothing was pointed at, and the bill was higher than the one before: whether all of it or what is more of it
    should come back (or a discount, or the old price), only the customer knows."""
    found = c.refund_candidates(view)
    if view.hints.point_at_payment or len(found) != 1 or found[0]["invoice"] is None:
        return False
    before = [row for row in c.paid(view) if row["invoice"] is not None and row["created"] < found[0]["created"]]
    last = max(before, key=lambda row: row["created"], default=None)
    return last is not None and last["amount"]["amount"] < found[0]["amount"]["amount"]


# Nothing was pointed at, and money is on its way already: whoever asks where it stays may say it as a request.
_ONE_ON_ITS_WAY = When(
    lambda view: not view.hints.point_at_payment and bool(c.returned(view)),
    (
        Read("refund_status", a.all_charges, needed=False),
        When(lambda view: bool(a.on_its_way(view)["refunds"]), (Offer("one_on_its_way", a.on_its_way, _REFUND_THIS),)),
    ),
)

REFUND_REQUEST: Flow = (
    *_LOOK,
    When(_counted, _REFUND_EACH),
    When(_one_pair_meant, REFUND_TWIN),
    *_UNCLEAR_WHICH,
    _ONE_ON_ITS_WAY,
    When(_maybe_the_difference, (Offer("shall_refund", a.candidates, _REFUND_THIS),)),
    *_REFUND_THIS,
)

# The same where it is not certain that money should come back: the payment is named and the customer asked.
REFUND_OFFERED: Flow = (
    *_LOOK,
    When(_counted, (Offer("shall_refund_each", a.counted, _REFUND_EACH),)),
    When(_one_pair_meant, OFFER_TWIN),
    *_UNCLEAR_WHICH,
    Offer("shall_refund", a.candidates, _REFUND_THIS),
)

_SEVERAL_PAIRS = When(lambda view: len(c.twins(view)) > 1, (Say("which_pair", a.twin_pairs, kind="question"),))
_NO_PAIR: Flow = (
    When(lambda view: view.found("duplicate_subscription"), SUBSCRIBED_TWICE),
    When(lambda view: bool(c.returned_twin(view)), (Say("already_refunded", a.refunded_twins),)),
    explained("discount_ended"),
    When(lambda view: bool(c.lookalikes(view)) and not _bill_explains(view), (Say("two_purchases", a.same_amounts),)),
    When(lambda view: bool(c.returned(view)), REFUNDS_ON_RECORD),
    Read("list_invoices", b.all_invoices, needed=False),
    When(lambda view: b.latest_prorated(view) is not None, (*LATEST_BILL_READ, Say("bill_lines", b.latest_bill))),
    Say("no_double", a.recent_payments, empty=True),
)

_LOOK_FOR_PAIRS: Flow = (
    *NAMED_PAYMENT,
    Read("diagnose", needed=False),
    Read("list_invoices", b.all_invoices, needed=False),
    When(lambda view: not view.charges, (Say("no_payments", empty=True),)),
)
DUPLICATE_CHARGE: Flow = (
    *_LOOK_FOR_PAIRS,
    When(lambda view: len(c.twins(view)) == 1, REFUND_TWIN),
    _SEVERAL_PAIRS,
    *_NO_PAIR,
)
DUPLICATE_OFFERED: Flow = (
    *_LOOK_FOR_PAIRS,
    When(lambda view: len(c.twins(view)) == 1, OFFER_TWIN),
    _SEVERAL_PAIRS,
    *_NO_PAIR,
)


REFUND_STATUS: Flow = (
    Read("list_charges", a.all_charges),
    Read("refund_status", a.all_charges),
    Read("diagnose", needed=False),
    When(_came_back, _CAME_BACK),
    When(lambda view: bool(c.returned(view)), REFUNDS_ON_RECORD),
    Read("search_knowledge", a.query, needed=False),
    When(a.strongly_answered, (Say("quote_refunds", a.quoted, citations=a.cited),)),
    When(lambda view: a.payment_broken(view) and not view.hints.point_at_payment, PAYMENT_FAILED),
    When(
        lambda view: view.hints.point_at_payment and len(c.refund_candidates(view)) == 1,
        (Offer("not_yet_refunded", a.candidates, _REFUND_THIS),),
    ),
    # The day may be that of a promise; the sum is the payment's.
    When(
        lambda view: bool(view.hints.amounts) and _none(view) and len(c.nearly_meant(view)) == 1,
        (Offer("not_yet_refunded", a.nearly, _REFUND_NEARLY),),
    ),
    Say("no_refund_on_record", a.quoted, kind="question", empty=True, citations=a.cited),
)

DISPUTE: Flow = (
    Read("list_charges", a.all_charges, needed=False),
    Read("diagnose", needed=False),
    HandOver("risk", "The customer speaks of a dispute or a chargeback; the facts are attached."),
)

UNAUTHORIZED: Flow = (
    Read("list_charges", a.all_charges, needed=False),
    Read("diagnose", needed=False),
    HandOver("risk", "The customer says they did not authorise a charge; the facts are attached."),
)
